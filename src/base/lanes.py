"""Lanes: of each caller, so many things are done at a time, and on a busy worker no more than its share.

More of them wait, and others come in between.
"""

from asyncio import Semaphore, sleep
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from time import monotonic, process_time

from base.buckets import Buckets, Rate

_SHARE = Rate(2_500, 1)
"""In units of cost: a unit takes some 40 to 100 us, so this is a tenth of a worker or a quarter."""
_AT_ONCE_SECONDS = 0.4
"""So much of a share may be had ahead of its time."""
_MOST_SECONDS = 2.0
"""For longer nobody waits, whatever they had: rates limit that."""
_LOOK_SECONDS = 0.05
_COMPANY_SECONDS = 0.2
"""So long after somebody has asked for something, they are still there."""
_BUSY = 0.2
"""Seconds of CPU a second, from which on a worker is busy."""


class _Lane:
    def __init__(self, most: int) -> None:
        self.room = Semaphore(most)
        self.narrow = Semaphore(1)
        """For whoever has had more than their share."""
        self.users = 0
        """Inside and waiting."""


class Load:
    """How busy this process is, by its CPU time."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, cpu: Callable[[], float] = process_time
    ) -> None:
        self._clock = clock
        self._cpu = cpu
        self._looked = clock(), cpu()
        self._is_busy = False

    def is_busy(self) -> bool:
        """Of late: in what has passed since the last look, of a twentieth of a second at least."""
        began, spent = self._looked
        now = self._clock()
        if now - began >= _LOOK_SECONDS:
            cpu = self._cpu()
            self._is_busy = cpu - spent > _BUSY * (now - began)
            self._looked = now, cpu
        return self._is_busy


class Lanes:
    """A worker does one thing at a time. Without lanes, whoever asks for a hundred things at once would have
    a hundred turns for each one of everybody else, and whoever asks for dear things nearly all the time.
    """

    def __init__(
        self, most: int, load: Load | None = None, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most = most
        self._load = load or Load()
        self._clock = clock
        self._lanes: dict[Hashable, _Lane] = {}
        self._owed: Buckets[Hashable] = Buckets(_SHARE)
        self._last: tuple[Hashable, float] = None, -_COMPANY_SECONDS
        self._other = -_COMPANY_SECONDS
        """When somebody asked who was not the last one."""

    @asynccontextmanager
    async def of(self, caller: Hashable) -> AsyncIterator[None]:
        self._note(caller)
        lane = self._lanes.get(caller)
        if lane is None:
            lane = self._lanes[caller] = _Lane(self._most)
        lane.users += 1
        try:
            async with lane.room:
                if not self._waits(caller):
                    yield
                    return
                async with lane.narrow:
                    await self._wait(caller)
                    yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[caller]

    async def turn(self, caller: Hashable) -> None:
        """Waits for one, and does nothing with it."""
        async with self.of(caller):
            pass

    def owe(self, caller: Hashable, cost: int) -> None:
        """What is done for them takes so much of their share."""
        now = self._clock()
        room = (_MOST_SECONDS - self._owed.full_in(caller, now)) * _SHARE.per_second
        self._owed.owe(caller, min(cost, max(0.0, room)), now)

    async def _wait(self, caller: Hashable) -> None:
        """Until they are within their share, or nobody else is there any more."""
        wait = self._waits(caller)
        while wait:
            await sleep(min(wait, _LOOK_SECONDS))
            wait = self._waits(caller)

    def _waits(self, caller: Hashable) -> float:
        """Seconds until they are within their share, where there are others; 0.0 where nobody has to wait."""
        ahead = self._owed.full_in(caller, self._clock())
        if ahead <= _AT_ONCE_SECONDS or not self._has_others(caller) or not self._load.is_busy():
            return 0.0
        return ahead - _AT_ONCE_SECONDS

    def _note(self, caller: Hashable) -> None:
        last, at = self._last
        if caller != last:
            self._other = at
        self._last = caller, self._clock()

    def _has_others(self, caller: Hashable) -> bool:
        last, at = self._last
        return self._clock() - (self._other if caller == last else at) < _COMPANY_SECONDS

    def __len__(self) -> int:
        return len(self._lanes)
