"""Pieces of work, and what comes between them."""

import asyncio
from asyncio import create_task, gather, sleep

import pytest

from base.turns import Line, pieces


def work() -> None:
    """Until enough was done."""
    line = Line()
    while not line.is_over():
        pass


async def test_whoever_has_not_done_enough_does_not_wait() -> None:
    line = Line()
    await line.step(10_000)

    assert not line.is_long


async def test_everybody_else_comes_between_two_pieces() -> None:
    order: list[str] = []

    async def large() -> None:
        line = Line()
        for number in range(3):
            work()
            order.append(f"piece {number}")
            await line.step(10_000)

    async def small() -> None:
        for number in range(2):
            order.append(f"small {number}")
            await sleep(0)

    await gather(large(), small())

    assert [one for one in order if one.startswith("piece")] == ["piece 0", "piece 1", "piece 2"]
    assert order.index("small 1") < order.index("piece 1")


async def test_two_lines_take_turns() -> None:
    order: list[str] = []

    async def large(name: str) -> None:
        line = Line()
        for _ in range(3):
            work()
            order.append(name)
            await line.turn()

    await gather(large("a"), large("b"))

    assert sorted(order[:2]) == sorted(order[2:4]) == sorted(order[4:]) == ["a", "b"]


async def test_a_line_is_settled_when_all_have_had_their_turn() -> None:
    line = Line()
    done: list[int] = []

    async def wait(number: int) -> None:
        await line.turn()
        done.append(number)

    waiting = [create_task(wait(number)) for number in range(1_000)]
    await sleep(0)
    await line.settled()

    assert sorted(done) == list(range(1_000))
    await gather(*waiting)


async def test_who_is_cancelled_leaves_the_line() -> None:
    line = Line()
    first, second = create_task(line.turn()), create_task(line.turn())
    await sleep(0)
    first.cancel()
    await second

    assert line.busy == 0
    with pytest.raises(asyncio.CancelledError):
        await first


def test_pieces_are_all_there_is() -> None:
    assert list(pieces(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(pieces([], 3)) == []


async def test_whoever_waits_goes_on_while_others_never_stop() -> None:
    """Each piece is over before it begins: the others take longer than one."""
    is_done = False

    async def busy() -> None:
        while not is_done:
            work()
            work()
            await sleep(0)

    async def patient() -> None:
        line = Line()
        for _ in range(5):
            await gather(*(line.turn() for _ in range(4)))

    others = [create_task(busy()) for _ in range(3)]
    try:
        async with asyncio.timeout(20):
            await patient()
    finally:
        is_done = True
        await gather(*others)
