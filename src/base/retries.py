"""One way of trying again: attempts of the same work, with pauses that grow."""

from asyncio import sleep
from collections.abc import Awaitable, Callable
from random import uniform
from typing import NamedTuple, TypeVar

T = TypeVar("T")

_MOST_DOUBLINGS = 30


class Backoff(NamedTuple):
    """Pauses in seconds: the first one, twice as long after each further attempt, up to the longest."""

    first: float
    longest: float
    jitter: float = 0.0
    """Up to so much is added at random, so that not all try again at the same time."""

    def pause(self, attempt: int) -> float:
        """`attempt`: how many attempts have failed."""
        doubled = self.first * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
        return min(doubled + uniform(0, self.jitter), self.longest)  # noqa: S311  # nothing secret


async def retried(
    work: Callable[[int], Awaitable[T]], pause_after: Callable[[Exception, int], float | None]
) -> T:
    """What the first attempt gives that does not fail.

    `work` gets the number of the attempt, from 1. `pause_after` gets the error and that number, and says how
    many seconds to wait until the next attempt; None if there is none: then the error is raised.
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
