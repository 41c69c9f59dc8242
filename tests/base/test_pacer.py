"""Turns of one caller, some time apart."""

from asyncio import gather
from time import monotonic

from base.coroutines import finished
from base.pacer import Pacer

_APART = 0.02
_EARLY = 0.002
"""By so much, a timer may be early."""


async def test_a_caller_gets_one_turn_after_another_and_another_caller_waits_for_none() -> None:
    pacer = Pacer(_APART)
    turns: list[tuple[str, float]] = []
    began = monotonic()

    async def begin(caller: str) -> None:
        await pacer.turn(caller)
        turns.append((caller, monotonic() - began))

    await gather(*map(begin, ["first"] * 4), begin("second"))

    # Those that need not wait come before those that do.
    assert [caller for caller, _ in turns] == ["first", "second", "first", "first", "first"]
    of_first = [at for caller, at in turns if caller == "first"]
    assert all(at >= number * _APART - _EARLY for number, at in enumerate(of_first))


async def test_who_comes_later_than_that_does_not_wait() -> None:
    now = 100.0
    pacer = Pacer(_APART, clock=lambda: now)
    await pacer.turn("first")
    now += _APART

    finished(pacer.turn("first"))
