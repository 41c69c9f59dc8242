"""Who begins many things at once begins them one after another."""

from asyncio import sleep
from collections.abc import Callable, Hashable
from time import monotonic

from cachetools import TTLCache

_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 10.0


class Pacer:
    """Each caller gets a turn every so many seconds at the most. Whoever comes sooner waits, in order."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._free_at: TTLCache[Hashable, float] = TTLCache(_REMEMBERED, _REMEMBERED_SECONDS, clock)
        """When each caller gets the next turn."""

    async def turn(self, caller: Hashable) -> None:
        now = self._clock()
        at = max(now, self._free_at.get(caller, now))
        self._free_at[caller] = at + self._seconds
        if at > now:
            await sleep(at - now)
