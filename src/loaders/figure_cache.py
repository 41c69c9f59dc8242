"""Figures of publications, kept for up to an hour, and used while nothing was counted that changes them."""

from asyncio import Future, get_running_loop
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from cachetools import TTLCache
from sqlalchemy import BigInteger, cast, func, select

from database import Database, Statement, ordered_join, table_of
from loaders.base import Loader
from loaders.totals import MONTHS, asked_subjects, is_of
from models import MonthTotal

V = TypeVar("V")
K = TypeVar("K", bound=Hashable)

_MAX_ENTRIES = 50_000


class VersionKey(NamedTuple):
    tenant_id: int
    publication_id: int
    revision: int


class Version(NamedTuple):
    """Up to what a publication's figures are counted. Where two are equal, so are all figures."""

    publication_id: int
    revision: int
    """Raised by what changes them and is not counted as an event."""
    events: int
    """Counted so far, whatever happened in them: none is ever taken out."""
    since: datetime
    """When it was first seen here, or an hour after that, and so on."""


class FigureCache:
    """Outlives requests. What it holds belongs to the publication in its key, whoever asked."""

    def __init__(self, *, seconds: float = 3600, timer: Callable[[], float] = monotonic) -> None:
        self._versions: TTLCache[int, Version] = TTLCache(_MAX_ENTRIES, seconds, timer)
        self._values: TTLCache[Hashable, Any] = TTLCache(_MAX_ENTRIES, seconds, timer)
        self.running: dict[Hashable, Future[Any]] = {}

    def version(self, key: VersionKey, events: int, now: datetime) -> Version:
        """The one that is known, while nothing has changed it."""
        _, publication_id, revision = key
        known = self._versions.get(publication_id)
        if known and (known.revision, known.events) == (revision, events):
            return known
        version = Version(publication_id, revision, events, now)
        # Whoever reads for long may have begun before others, who have seen more.
        if known is None or (known.revision, known.events) < (revision, events):
            self._versions[publication_id] = version
        return version

    def find(self, slot: Hashable) -> Any | None:
        return self._values.get(slot)

    def keep(self, slot: Hashable, value: Any) -> None:
        self._values[slot] = value


class Versions(Loader[VersionKey, Version]):
    """Read in the moment in which the figures are asked for: so what was kept is what it would find."""

    _ASKED = asked_subjects()
    _events = Statement(
        select(MONTHS.subject_id, cast(func.sum(MONTHS.count), BigInteger))
        .select_from(ordered_join(_ASKED, table_of(MonthTotal), is_of(table_of(MonthTotal), _ASKED)))
        .group_by(MONTHS.subject_id),
        lambda publication_id, count: (publication_id, count),
    )

    def __init__(self, database: Database, cache: FigureCache, now: datetime) -> None:
        super().__init__(database)
        self._figure_cache = cache
        self._now = now

    async def batch_load_fn(self, keys: Sequence[VersionKey]) -> list[Version]:
        events = dict(
            await self.database.fetch(
                self._events,
                tenants=list({key.tenant_id for key in keys}),
                subjects=list({(key.tenant_id, key.publication_id) for key in keys}),
            )
        )
        return [self._figure_cache.version(key, events.get(key.publication_id, 0), self._now) for key in keys]


class CachedKey(NamedTuple, Generic[K]):
    revision: int
    """Of the publication when it was read: what was computed for another revision is stale."""
    key: K


class Asked(NamedTuple, Generic[K]):
    """What is asked of a publication, and which version of its figures is meant."""

    version: Version
    key: K


class CachedLoader(Loader[CachedKey[K], V], Generic[K, V]):
    """Asks `compute` only for keys that are not kept and that no other request is computing."""

    def __init__(self, database: Database, cache: FigureCache, versions: Loader[VersionKey, Version]) -> None:
        super().__init__(database)
        self._figure_cache = cache
        self._versions = versions

    def publication_of(self, key: K) -> tuple[int, int]:
        """Its tenant, and the publication."""
        raise NotImplementedError

    async def compute(self, asked: Sequence[Asked[K]]) -> list[V]:
        raise NotImplementedError

    async def batch_load_fn(self, keys: Sequence[CachedKey[K]]) -> list[V]:
        versions = await self._versions.load_many(
            VersionKey(*self.publication_of(key), revision) for revision, key in keys
        )
        asked = [Asked(version, key.key) for version, key in zip(versions, keys, strict=True)]
        found: dict[Asked[K], V] = {}
        missing = asked
        while missing:
            await self._find(missing, found)
            missing = [one for one in missing if one not in found]
        return [found[one] for one in asked]

    async def _find(self, asked: list[Asked[K]], found: dict[Asked[K], V]) -> None:
        elsewhere: list[Future[Any]] = []
        mine: list[Asked[K]] = []
        for one in asked:
            value = self._figure_cache.find(self._slot(one))
            running = self._figure_cache.running.get(self._slot(one))
            if value is not None:
                found[one] = value
            elif running:
                elsewhere.append(running)
            else:
                mine.append(one)
        if mine:
            await self._compute(mine, found)
        if elsewhere:
            # They end when the other requests are done, well or not; what those found is then looked up.
            # Not awaited themselves: whoever is cancelled while awaiting a future cancels it for all.
            await self.database.await_others(elsewhere)

    async def _compute(self, asked: list[Asked[K]], found: dict[Asked[K], V]) -> None:
        done: Future[None] = get_running_loop().create_future()
        slots = [self._slot(one) for one in asked]
        self._figure_cache.running.update(dict.fromkeys(slots, done))
        try:
            values = await self.compute(asked)
            for one, slot, value in zip(asked, slots, values, strict=True):
                self._figure_cache.keep(slot, value)
                found[one] = value
        finally:
            for slot in slots:
                del self._figure_cache.running[slot]
            done.set_result(None)

    def _slot(self, asked: Asked[K]) -> Hashable:
        return type(self), asked
