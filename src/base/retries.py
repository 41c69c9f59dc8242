"""Attempts of the same work, with pauses that grow."""

from asyncio import sleep
from collections.abc import Awaitable, Callable
from random import uniform
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_MOST_DOUBLINGS = 30


class Backoff(NamedTuple):
    """Pauses in seconds. Each is twice as long as the one before, up to the longest."""

    first: float
    longest: float
    jitter: float = 0.0
    """The most that is added at random, so that not all try again at the same time."""

    def pause(self, attempt: int) -> float:
        """`attempt`: how many attempts have failed."""
        doubled = self.first * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
        return min(doubled + uniform(0, self.jitter), self.longest)  # noqa: S311  # nothing secret


async def retried(
    work: Callable[[int], Awaitable[T]], pause_after: Callable[[Exception, int], float | None]
) -> T:
    """The result of the first attempt that succeeds.

    `work` gets the number of the attempt, from 1. `pause_after` gets the error and that number. It returns
    the seconds until the next attempt, or None to raise the error.
    """
    attempt = 1
    while True:
        try:
            return await work(attempt)
        except Exception as error:
            pause = pause_after(error, attempt)
            if pause is None:
                raise
        await sleep(pause)
        attempt += 1
