"""Caches for reported events: subjects by what senders name, and who may report on them. The same few come
again and again.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, assert_never

from cachetools import TTLCache

from base.ids import public_id_in
from base.kinds import SUBJECTS, Kind
from ingest.wire import SOURCES, WireSubject, WireWork
from loaders.base import Loaders
from loaders.subjects import Subject, SubjectByKey, SubjectKey

_REMEMBERED = 100_000
_SECONDS = 60
_SECONDS_OF_A_RIGHT = 5


class SubjectCache:
    """Outlives requests. It holds facts about subjects, which are the same for every sender."""

    def __init__(self) -> None:
        self._known: TTLCache[WireSubject, Subject] = TTLCache(_REMEMBERED, _SECONDS)

    def known(self, asked: Iterable[WireSubject]) -> dict[WireSubject, Subject] | None:
        """The same as `find`, if it knows all of them already."""
        try:
            return {subject: self._known[subject] for subject in set(asked)}
        except KeyError:
            return None

    async def find(self, loaders: Loaders, asked: Iterable[WireSubject]) -> Mapping[WireSubject, Subject]:
        """The subjects that exist."""
        wanted = set(asked)
        if all_known := self.known(wanted):
            return all_known
        found = {subject: known for subject in wanted if (known := self._known.get(subject))}
        missing = {subject: key for subject in wanted if subject not in found and (key := key_of(subject))}
        if missing:
            rows = await loaders[SubjectByKey].load_many(missing.values())
            for subject, row in zip(missing, rows, strict=True):
                if row is not None:
                    found[subject] = self._known[subject] = row
        return found


class ReporterCache:
    """Who was allowed to report on what, remembered for a few seconds. Outlives requests.

    It remembers only what was allowed. So a new member may report at once, and one who left may still report
    for those seconds.
    """

    def __init__(self) -> None:
        self._allowed: TTLCache[tuple[Hashable, Subject], bool] = TTLCache(_REMEMBERED, _SECONDS_OF_A_RIGHT)

    def allow(self, who: Hashable, subject: Subject) -> None:
        self._allowed[who, subject] = True

    def are_known(self, who: Hashable, subject: Subject) -> bool:
        return (who, subject) in self._allowed


_FIELDS = [(kind, entry.id, entry.field) for kind, entry in SUBJECTS.items()]


def key_of(subject: WireSubject) -> SubjectKey | None:
    """None if no field names it, if several do, or if an id of another kind does."""
    named = [(kind, id, value) for kind, id, field in _FIELDS if (value := getattr(subject, field))]
    if len(named) != 1:
        return None
    kind, id, value = named[0]
    values = _values(id, value)
    return SubjectKey(kind, values) if values[0] else None


def _values(kind: Kind, value: str | WireWork) -> tuple[Any, ...]:
    """In the order of `SubjectEntry.key`."""
    match value:
        case str():
            return (public_id_in(value, kind),)
        case WireWork():
            return (public_id_in(value.user_id, kind), SOURCES[value.source_type], value.item_id)
        case _:
            assert_never(value)
