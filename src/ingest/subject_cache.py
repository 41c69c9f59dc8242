"""Caches for reported events: subjects by what senders name, and who may report on them. The same few come
again and again.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, assert_never

from base.brief_cache import BriefCache
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
        self._known: BriefCache[WireSubject, Subject] = BriefCache(_REMEMBERED, _SECONDS)

    def known(self, asked: Iterable[WireSubject]) -> dict[WireSubject, Subject] | None:
        """The same as `find`, if it knows all of them already."""
        wanted = set(asked)
        found = self._known.known(wanted)
        return found if len(found) == len(wanted) else None

    async def find(self, loaders: Loaders, asked: Iterable[WireSubject]) -> Mapping[WireSubject, Subject]:
        """The subjects that exist."""
        wanted = set(asked)
        found = self._known.known(wanted)
        missing = {subject: key for subject in wanted if subject not in found and (key := key_of(subject))}
        if missing:
            rows = await loaders[SubjectByKey].load_many(missing.values())
            for subject, row in zip(missing, rows, strict=True):
                if row is not None:
                    found[subject] = row
                    self._known.keep(subject, row)
        return found


class ReporterCache:
    """Who was allowed to report on what, remembered for a few seconds. Outlives requests.

    It remembers only what was allowed. So a new member may report at once, and one who left may still report
    for those seconds.
    """

    def __init__(self) -> None:
        self._allowed: BriefCache[tuple[Hashable, Subject], None] = BriefCache(
            _REMEMBERED, _SECONDS_OF_A_RIGHT
        )

    def allow(self, who: Hashable, subject: Subject) -> None:
        self._allowed.keep((who, subject), None)

    def unknown(self, who: Hashable, subjects: Iterable[Subject]) -> list[Subject]:
        """Those of the subjects for which nothing is remembered."""
        return [subject for _, subject in self._allowed.unknown((who, subject) for subject in subjects)]


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
