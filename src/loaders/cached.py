"""Loaders whose values are kept in the figure cache."""

from asyncio import Future, get_running_loop
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from loaders.base import Loader, Loaders
from loaders.figure_cache import Version, VersionKey
from loaders.subject_totals import SubjectOfTenant, TotalsOfSubject

V = TypeVar("V")
K = TypeVar("K", bound=Hashable)


class Versions(Loader[VersionKey, Version]):
    """The versions of publications. They are read in the same snapshot as the figures, so a figure that is
    kept under a version is what would be computed now.
    """

    reads = (TotalsOfSubject,)

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._figure_cache = loaders.figure_cache
        self._now = loaders.now
        self._totals = loaders[TotalsOfSubject]

    async def batch_load_fn(self, keys: Sequence[VersionKey]) -> list[Version]:
        return self._made(keys, await self._totals.in_order(_subjects(keys)))

    def made_at_once(self, keys: Sequence[VersionKey]) -> list[Version] | None:
        totals = self._totals.known(_subjects(keys))
        return None if totals is None else self._made(keys, totals)

    def _made(self, keys: Sequence[VersionKey], totals: Sequence[Mapping[int, int]]) -> list[Version]:
        version, now = self._figure_cache.version, self._now
        return [version(key, sum(counts.values()), now) for key, counts in zip(keys, totals, strict=True)]


def _subjects(keys: Sequence[VersionKey]) -> list[SubjectOfTenant]:
    return [SubjectOfTenant(tenant_id, id) for tenant_id, id, _ in keys]


class CachedKey(NamedTuple, Generic[K]):
    revision: int
    """The publication's revision when its row was read. Figures of another revision are stale."""
    key: K


class VersionedKey(NamedTuple, Generic[K]):
    """A key, and the version of the publication's figures that is meant."""

    version: Version
    key: K


class CachedLoader(Loader[CachedKey[K], V], Generic[K, V]):
    """Asks `compute` only for keys that are not kept and that no other request is computing."""

    reads = (Versions,)

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._figure_cache = loaders.figure_cache
        self._now = loaders.now
        self._versions = loaders[Versions]

    def publication_of(self, key: K) -> tuple[int, int]:
        """The ids of the tenant and of the publication."""
        raise NotImplementedError

    async def compute(self, asked: Sequence[VersionedKey[K]]) -> list[V]:
        raise NotImplementedError

    def compute_at_once(self, _: Sequence[K], _since: datetime, /) -> list[V] | None:
        """The same for new versions, if nothing has to be read. None otherwise."""
        return None

    def made_at_once(self, keys: Sequence[CachedKey[K]]) -> list[V] | None:
        if not self._figure_cache.keeps:
            # Each version is new, and nobody will ask whether it is still the same.
            return self.compute_at_once([key for _, key in keys], self._now)
        versions = self._versions.known(self._version_keys(keys))
        if versions is None:
            return None
        kept = [self._figure_cache.find(self._slot(one)) for one in _versioned(keys, versions)]
        found = [value for value in kept if value is not None]
        return found if len(found) == len(kept) else None

    def _version_keys(self, keys: Sequence[CachedKey[K]]) -> list[VersionKey]:
        return [VersionKey(*self.publication_of(key), revision) for revision, key in keys]

    async def batch_load_fn(self, keys: Sequence[CachedKey[K]]) -> list[V]:
        asked = _versioned(keys, await self._versions.in_order(self._version_keys(keys)))
        if not self._figure_cache.keeps:
            return await self.compute(asked)
        found: dict[VersionedKey[K], V] = {}
        missing = asked
        while missing:
            await self._find(missing, found)
            missing = [one for one in missing if one not in found]
        return [found[one] for one in asked]

    async def _find(self, asked: list[VersionedKey[K]], found: dict[VersionedKey[K], V]) -> None:
        elsewhere: list[Future[Any]] = []
        mine: list[VersionedKey[K]] = []
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
            # These futures end when the other requests are done, whether or not they failed. What those found
            # is then looked up. They are not awaited themselves: a caller who is cancelled while it awaits a
            # future cancels it for all.
            await self.database.await_others(elsewhere)

    async def _compute(self, asked: list[VersionedKey[K]], found: dict[VersionedKey[K], V]) -> None:
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

    def _slot(self, asked: VersionedKey[K]) -> Hashable:
        return type(self), asked


def _versioned(keys: Sequence[CachedKey[K]], versions: Sequence[Version]) -> list[VersionedKey[K]]:
    return [VersionedKey(version, key.key) for version, key in zip(versions, keys, strict=True)]
