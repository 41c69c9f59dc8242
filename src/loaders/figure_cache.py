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
    """What a publication's figures are made of so far. Where two versions are equal, all figures are."""

    publication_id: int
    revision: int
    """Raised by what changes them and is not counted as an event."""
    events: int
    """The number of events counted so far, of any kind: none is ever taken out."""
    since: datetime
    """When it was first seen here, or an hour after that, and so on."""


class FigureCache:
    """Outlives requests. What it holds belongs to the publication in its key, and not to who asked."""

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
