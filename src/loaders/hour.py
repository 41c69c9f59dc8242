"""Figures that may be up to an hour old: kept as values, computed once however many ask at a time."""

from asyncio import Future, get_running_loop
from collections.abc import Callable, Hashable, Sequence
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from cachetools import TTLCache

from database import Database
from loaders.base import Loader

V = TypeVar("V")
K = TypeVar("K", bound=Hashable)

_MAX_ENTRIES = 50_000


class _Entry(NamedTuple):
    revision: int
    value: Any


class Hour:
    """Outlives requests. What it holds belongs to the publication in its key, whoever asked."""

    def __init__(self, *, seconds: float = 3600, timer: Callable[[], float] = monotonic) -> None:
        self._entries: TTLCache[Hashable, _Entry] = TTLCache(_MAX_ENTRIES, seconds, timer)
        self.running: dict[Hashable, Future[Any]] = {}

    def find(self, key: Hashable, revision: int) -> _Entry | None:
        entry = self._entries.get(key)
        return entry if entry and entry.revision == revision else None

    def keep(self, key: Hashable, revision: int, value: Any) -> None:
        """Unless it is stale already: a slow computation may end after a newer one."""
        entry = self._entries.get(key)
        if entry is None or entry.revision <= revision:
            self._entries[key] = _Entry(revision, value)


class Moments:
    """Figures as they are now, shared by those who were told of the same change."""

    _SECONDS = 1.0
    """For what changes with time, and for what nobody announces."""

    def __init__(self) -> None:
        self._change = -1
        self._hour = Hour(seconds=self._SECONDS)

    def after(self, change: int) -> Hour:
        if change != self._change:
            self._change, self._hour = change, Hour(seconds=self._SECONDS)
        return self._hour


class HourKey(NamedTuple, Generic[K]):
    revision: int
    """Of the publication when it was read: what was computed for another revision is stale."""
    key: K


class HourLoader(Loader[HourKey[K], V], Generic[K, V]):
    """Asks `compute` only for keys that are not kept and that no other request is computing."""

    def __init__(self, database: Database, hour: Hour) -> None:
        super().__init__(database)
        self._hour = hour

    async def compute(self, keys: Sequence[K]) -> list[V]:
        raise NotImplementedError

    async def batch_load_fn(self, keys: Sequence[HourKey[K]]) -> list[V]:
        found: dict[HourKey[K], V] = {}
        missing = list(keys)
        while missing:
            await self._find(missing, found)
            missing = [key for key in missing if key not in found]
        return [found[key] for key in keys]

    async def _find(self, keys: list[HourKey[K]], found: dict[HourKey[K], V]) -> None:
        elsewhere: list[Future[Any]] = []
        mine: list[HourKey[K]] = []
        for key in keys:
            entry = self._hour.find(self._slot(key), key.revision)
            running = self._hour.running.get((self._slot(key), key.revision))
            if entry:
                found[key] = entry.value
            elif running:
                elsewhere.append(running)
            else:
                mine.append(key)
        if mine:
            await self._compute(mine, found)
        if elsewhere:
            # They end when the other requests are done, well or not; what those found is then looked up.
            # Not awaited themselves: whoever is cancelled while awaiting a future cancels it for all.
            await self.database.await_others(elsewhere)

    async def _compute(self, keys: list[HourKey[K]], found: dict[HourKey[K], V]) -> None:
        done: Future[None] = get_running_loop().create_future()
        slots = [(self._slot(key), key.revision) for key in keys]
        self._hour.running.update(dict.fromkeys(slots, done))
        try:
            values = await self.compute([key.key for key in keys])
            for key, value in zip(keys, values, strict=True):
                self._hour.keep(self._slot(key), key.revision, value)
                found[key] = value
        finally:
            for slot in slots:
                del self._hour.running[slot]
            done.set_result(None)

    def _slot(self, key: HourKey[K]) -> Hashable:
        return type(self), key.key
