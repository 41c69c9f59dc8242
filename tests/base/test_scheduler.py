"""Pieces of work, and what comes between them."""

import asyncio
from asyncio import create_task, gather, sleep

import pytest

from base.scheduler import RunQueue, Scheduler, batched


def work() -> None:
    """Until enough was done."""
    run_queue = RunQueue()
    while not run_queue.must_yield():
        pass


async def test_whoever_has_not_done_enough_does_not_wait() -> None:
    run_queue = RunQueue()
    await run_queue.step(10_000)

    assert not run_queue.has_yielded


async def test_everybody_else_comes_between_two_pieces() -> None:
    order: list[str] = []

    async def large() -> None:
        run_queue = RunQueue()
        for number in range(3):
            work()
            order.append(f"piece {number}")
            await run_queue.step(10_000)

    async def small() -> None:
        for number in range(2):
            order.append(f"small {number}")
            await sleep(0)

    await gather(large(), small())

    assert [one for one in order if one.startswith("piece")] == ["piece 0", "piece 1", "piece 2"]
    assert order.index("small 1") < order.index("piece 1")


async def test_two_run_queues_take_turns() -> None:
    order: list[str] = []

    async def large(name: str) -> None:
        run_queue = RunQueue()
        for _ in range(3):
            work()
            order.append(name)
            await run_queue.wait_turn()

    await gather(large("a"), large("b"))

    assert sorted(order[:2]) == sorted(order[2:4]) == sorted(order[4:]) == ["a", "b"]


async def test_a_run_queue_has_caught_up_when_all_have_had_their_turn() -> None:
    run_queue = RunQueue()
    done: list[int] = []

    async def wait(number: int) -> None:
        await run_queue.wait_turn()
        done.append(number)

    waiting = [create_task(wait(number)) for number in range(1_000)]
    await sleep(0)
    await run_queue.caught_up()

    assert sorted(done) == list(range(1_000))
    await gather(*waiting)


async def test_who_is_cancelled_leaves_the_run_queue() -> None:
    run_queue = RunQueue()
    first, second = create_task(run_queue.wait_turn()), create_task(run_queue.wait_turn())
    await sleep(0)
    first.cancel()
    await second

    assert run_queue.waiting_tasks == 0
    with pytest.raises(asyncio.CancelledError):
        await first


def test_batches_are_all_there_is() -> None:
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batched([], 3)) == []


async def test_whoever_waits_goes_on_while_others_never_stop() -> None:
    """Each piece is over before it begins: the others take longer than one."""
    is_done = False

    async def busy() -> None:
        while not is_done:
            work()
            work()
            await sleep(0)

    async def patient() -> None:
        run_queue = RunQueue()
        for _ in range(5):
            await gather(*(run_queue.wait_turn() for _ in range(4)))

    others = [create_task(busy()) for _ in range(3)]
    try:
        async with asyncio.timeout(20):
            await patient()
    finally:
        is_done = True
        await gather(*others)


class Waiting(RunQueue):
    """Notes that it was woken."""

    def __init__(self) -> None:
        super().__init__()
        self.woken = asyncio.Event()

    def wake(self) -> bool:
        self.woken.set()
        return False


async def passes(number: int) -> None:
    for _ in range(number):
        await sleep(0)


async def test_a_slice_waits_for_a_short_request_that_is_elsewhere() -> None:
    scheduler = Scheduler(asyncio.get_running_loop(), patience_seconds=60, short_seconds=60)
    short, waiting = RunQueue(), Waiting()
    scheduler.add_short(short)
    scheduler.enqueue(waiting)
    await passes(50)
    assert not waiting.woken.is_set()

    scheduler.drop_short(short)
    async with asyncio.timeout(20):
        await waiting.woken.wait()


@pytest.mark.parametrize(("patience", "short"), [(0.001, 60.0), (60.0, 0.0)])
async def test_a_slice_waits_neither_long_nor_for_a_request_that_takes_long(
    patience: float, short: float
) -> None:
    scheduler = Scheduler(asyncio.get_running_loop(), patience_seconds=patience, short_seconds=short)
    waiting = Waiting()
    scheduler.add_short(RunQueue())
    scheduler.enqueue(waiting)

    async with asyncio.timeout(20):
        await waiting.woken.wait()


async def test_a_request_that_waits_for_a_slice_is_not_short_any_more() -> None:
    run_queue = RunQueue()
    run_queue.begin()

    # It would wait for itself.
    async with asyncio.timeout(20):
        for _ in range(3):
            await run_queue.wait_turn()
    run_queue.end()
