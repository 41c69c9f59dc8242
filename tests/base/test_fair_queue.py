from asyncio import create_task, gather, sleep, wait_for

from base.fair_queue import FairQueue, Load


class Clock:
    """Of a process that is busy for a part of the time."""

    def __init__(self, busy: float = 1.0) -> None:
        self.now = 100.0
        self._busy = busy

    def __call__(self) -> float:
        return self.now

    def cpu(self) -> float:
        return self.now * self._busy


def asked(clock: Clock) -> tuple[FairQueue, list[str]]:
    """By a greedy one, who owes more than a second's share, and by another one."""
    fair_queue = FairQueue(4, Load(clock, clock.cpu), clock=clock)
    fair_queue.charge("greedy", 4_000)
    return fair_queue, []


async def turned(fair_queue: FairQueue, caller: str, done: list[str]) -> None:
    await fair_queue.wait(caller)
    done.append(caller)


async def test_on_a_busy_worker_each_has_a_share_and_the_others_do_not_wait() -> None:
    clock = Clock()
    fair_queue, done = asked(clock)
    await turned(fair_queue, "modest", done)
    clock.now += 0.1
    waiting = create_task(turned(fair_queue, "greedy", done))
    await sleep(0.15)
    await turned(fair_queue, "modest", done)

    assert done == ["modest", "modest"]
    clock.now += 1.2
    await turned(fair_queue, "modest", done)
    await wait_for(waiting, 10)
    assert done == ["modest", "modest", "modest", "greedy"]


async def test_nobody_owes_more_than_two_seconds() -> None:
    clock = Clock()
    fair_queue, done = asked(clock)
    for _ in range(10):
        fair_queue.charge("greedy", 50_000)
    clock.now += 1.7
    await turned(fair_queue, "modest", done)
    clock.now += 0.1
    await wait_for(turned(fair_queue, "greedy", done), 10)

    assert done == ["modest", "greedy"]


async def test_nobody_waits_where_there_are_no_others() -> None:
    clock = Clock()
    fair_queue, done = asked(clock)
    await turned(fair_queue, "modest", done)
    clock.now += 0.3
    await wait_for(turned(fair_queue, "greedy", done), 10)
    await wait_for(turned(fair_queue, "greedy", done), 10)

    assert done == ["modest", "greedy", "greedy"]


async def test_nobody_waits_where_the_worker_has_the_time() -> None:
    clock = Clock(busy=0.15)
    fair_queue, done = asked(clock)
    await turned(fair_queue, "modest", done)
    clock.now += 0.1
    await wait_for(turned(fair_queue, "greedy", done), 10)

    assert done == ["modest", "greedy"]


async def test_of_each_caller_so_many_are_inside_and_nobody_waits_for_another() -> None:
    fair_queue = FairQueue(2)
    inside: dict[str, int] = {"a": 0, "b": 0}
    most = dict(inside)
    done: list[str] = []

    async def use(caller: str, turns: int) -> None:
        async with fair_queue.slot(caller):
            inside[caller] += 1
            most[caller] = max(most[caller], inside[caller])
            for _ in range(turns):
                await sleep(0)
            inside[caller] -= 1
            done.append(caller)

    crowd = [create_task(use("a", 10)) for _ in range(20)]
    await sleep(0)
    await use("b", 1)
    # Before the first of the crowd.
    assert done == ["b"]
    await gather(*crowd)

    assert most == {"a": 2, "b": 1}
    assert len(fair_queue) == 0


async def test_who_is_cancelled_while_waiting_leaves_the_lane() -> None:
    fair_queue = FairQueue(1)

    async def use() -> None:
        async with fair_queue.slot("a"):
            await sleep(0)

    async with fair_queue.slot("a"):
        waiting = create_task(use())
        await sleep(0)
        waiting.cancel()
        await gather(waiting, return_exceptions=True)
    await use()

    assert len(fair_queue) == 0
