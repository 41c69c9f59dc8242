"""Figures of publications, kept for up to an hour, and used while nothing was counted that changes them."""

from asyncio import Future
from collections.abc import Callable, Hashable
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple

from cachetools import TTLCache

_MAX_ENTRIES = 50_000


class VersionKey(NamedTuple):
    tenant_id: int
    publication_id: int
    revision: int


class Version(NamedTuple):
    """The state of a publication's figures. If two versions are equal, all figures are equal."""

    publication_id: int
    revision: int
    """It rises when figures change without an event."""
    events: int
    """How many events of any kind were counted so far. The number never falls."""
    since: datetime
    """When this worker first saw it. After an hour it counts as new."""


class FigureCache:
    """It outlives requests. What it holds belongs to the publication in its key, and not to the viewer who
    asked."""

    def __init__(self, *, seconds: float = 3600, timer: Callable[[], float] = monotonic) -> None:
        self.keeps = seconds > 0
        """Whether anything is kept at all."""
        self._versions: TTLCache[int, Version] = TTLCache(_MAX_ENTRIES, seconds, timer)
        self._values: TTLCache[Hashable, Any] = TTLCache(_MAX_ENTRIES, seconds, timer)
        self.running: dict[Hashable, Future[Any]] = {}
        self.hits = self.misses = 0

    def version(self, key: VersionKey, events: int, now: datetime) -> Version:
        """The version that is known, if nothing has changed since; otherwise a new one."""
        _, publication_id, revision = key
        if not self.keeps:
            return Version(publication_id, revision, events, now)
        known = self._versions.get(publication_id)
        if known and (known.revision, known.events) == (revision, events):
            return known
        version = Version(publication_id, revision, events, now)
        # A long read may have begun before a read that has already seen more.
        if known is None or (known.revision, known.events) < (revision, events):
            self._versions[publication_id] = version
        return version

    def find(self, slot: Hashable) -> Any | None:
        value = self._values.get(slot)
        if value is None:
            self.misses += 1
        else:
            self.hits += 1
        return value

    def keep(self, slot: Hashable, value: Any) -> None:
        self._values[slot] = value
