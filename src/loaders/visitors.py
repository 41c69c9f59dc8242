"""How many different people came to any of some subjects.

All visitors together are estimated. Those who were signed in are also counted exactly.
"""

from asyncio import gather, sleep
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, NamedTuple

from base.calendar import AFTER_LAST_DAY, FIRST_DAY, Span, pieces, start_of_day, time_zone
from base.sketches import ALL_SUBJECTS, EMPTY, Estimate, Union, added, sketching
from database import Database
from figures.folds import done_to
from figures.visitors import Visitors
from loaders.attendance import Attended, numbers_attended
from loaders.base import Loader, Loaders
from loaders.cached import CachedLoader, VersionedKey
from loaders.visitor_statements import (
    LINKED_ON_DAYS,
    SEEN_WITHIN,
    SEEN_WITHIN_EITHER,
    SIGNED_IN_UNTIL_NOW,
    SKETCHES_OF_DAYS,
    Link,
    Seen,
)
from models import SubjectKind

_ENDS = ("start", "end", "second_start", "second_end")
"""Of a span, and of a second one."""
_Subject = tuple[int, int, int]
"""Its tenant, its kind, and its id."""


class VisitorsKey(NamedTuple):
    tenant_id: int
    time_zone: str
    """The tenant's reporting time zone, by whose days sketches are kept."""
    kind: SubjectKind
    subjects: tuple[int, ...]
    has_all: bool
    """Whether these are all subjects of the tenant. Then one sketch a day has all of them."""
    span: Span | None
    """None for all time."""

    @property
    def sketched(self) -> list[_Subject]:
        if self.has_all:
            return [(self.tenant_id, *ALL_SUBJECTS)]
        return [(self.tenant_id, int(self.kind), id) for id in self.subjects]


class _SameSpan(NamedTuple):
    """What the keys of one statement have in common."""

    time_zone: str
    kind: SubjectKind
    span: Span | None

    def parts(self) -> tuple[Span, tuple[date, date] | None, list[Span]]:
        """The span; its whole days, from the first date up to, not including, the second; and what is left
        at its ends."""
        zone = time_zone(self.time_zone)
        if self.span is None:
            ends = Span(start_of_day(FIRST_DAY, zone), start_of_day(AFTER_LAST_DAY, zone))
            return ends, (FIRST_DAY, AFTER_LAST_DAY), []
        cut = pieces([self.span], zone)
        whole = [*cut.months, *cut.days]
        days = (min(run.start for run in whole), max(run.end for run in whole)) if whole else None
        return self.span, days, [Span(edge.start, edge.end) for edge in cut.edges]

    @property
    def actions(self) -> list[int]:
        return list(done_to(self.kind))


class _Counting:
    """Merges the sketches of each day and subject. For the parts of days at the ends, it adds the people whom
    raw events name.

    A few statements read all keys of the same span.
    """

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = now

    async def of(self, keys: Sequence[VisitorsKey]) -> list[Visitors]:
        grouped: defaultdict[_SameSpan, list[VisitorsKey]] = defaultdict(list)
        for key in keys:
            grouped[_SameSpan(key.time_zone, key.kind, key.span)].append(key)
        found: dict[VisitorsKey, Visitors] = {}
        for asked, theirs in grouped.items():
            everyone, signed_in = await gather(self._everyone(asked, theirs), self._signed_in(asked, theirs))
            for place, key in enumerate(theirs):
                found[key] = Visitors(everyone[place], signed_in.get(place, 0))
        return [found[key] for key in keys]

    async def _everyone(self, asked: _SameSpan, keys: list[VisitorsKey]) -> list[Estimate]:
        _, days, edges = asked.parts()
        sketches, at_edges, linked = await gather(
            self._sketched(keys, days),
            self._at_edges(asked, keys, edges),
            self._linked(asked, keys, days),
        )
        await sketching.ready()
        estimates = []
        for place, key in enumerate(keys):
            union = Union()
            for subject in key.sketched:
                union.add(sketches.get(subject, ()))
                # A year of days takes some milliseconds: other requests get their turn in between.
                await sleep(0)
            seen = at_edges.get(place, ())
            union.add([added(EMPTY, {one.who for one in seen})])
            twice = {*linked.get(place, ()), *(one.link for one in seen if one.link)}
            # These people are in the union twice: by their names, and now as users. So the names are
            # subtracted.
            union.add([added(EMPTY, {f"user {user_id}" for _, user_id in twice})])
            estimates.append(union.estimate().without(len({visitor for visitor, _ in twice})))
        return estimates

    async def _sketched(
        self, keys: list[VisitorsKey], days: tuple[date, date] | None
    ) -> Mapping[_Subject, list[bytes]]:
        sketches: defaultdict[_Subject, list[bytes]] = defaultdict(list)
        subjects = {subject for key in keys for subject in key.sketched}
        if days is None or not subjects:
            return sketches
        rows = await self._database.fetch_columns(
            SKETCHES_OF_DAYS,
            _with_subjects,
            tenants=list({tenant_id for tenant_id, _, _ in subjects}),
            sketched=list(subjects),
            first=days[0],
            stop=days[1],
        )
        for subject, sketch in rows:
            sketches[subject].append(sketch)
        return sketches

    async def _at_edges(
        self, asked: _SameSpan, keys: list[VisitorsKey], edges: list[Span]
    ) -> Mapping[int, list[Seen]]:
        """The results by the places of the keys."""
        seen: defaultdict[int, list[Seen]] = defaultdict(list)
        if not edges:
            return seen
        given = dict(zip(_ENDS, chain(*edges), strict=False))
        rows = await self._database.fetch(
            SEEN_WITHIN_EITHER if len(edges) > 1 else SEEN_WITHIN,
            **_subjects(keys),
            actions=asked.actions,
            **given,
        )
        for one in rows:
            seen[one.place].append(one)
        return seen

    async def _linked(
        self, asked: _SameSpan, keys: list[VisitorsKey], days: tuple[date, date] | None
    ) -> Mapping[int, set[Link]]:
        """Who came on whole days without being signed in, and is known as a user by now; by the places of the
        keys.
        """
        linked: defaultdict[int, set[Link]] = defaultdict(set)
        if days is None:
            return linked
        rows = await self._database.fetch(
            LINKED_ON_DAYS, **_subjects(keys), kind=asked.kind, first=days[0], stop=days[1]
        )
        for place, link in rows:
            linked[place].add(link)
        return linked

    async def _signed_in(self, asked: _SameSpan, keys: list[VisitorsKey]) -> dict[int, int]:
        """The results by the places of the keys."""
        (start, end), _, _ = asked.parts()
        if end > self._now:
            named = _subjects(keys)
            rows = await self._database.fetch(SIGNED_IN_UNTIL_NOW, **named, kind=asked.kind, start=start)
            return dict(rows)
        attended = [Attended(key.tenant_id, key.kind, key.subjects, key.has_all) for key in keys]
        today = self._now.astimezone(UTC).date()
        numbers = await numbers_attended(self._database, attended, asked.actions, Span(start, end), today)
        return dict(enumerate(numbers))


def _with_subjects(columns: Sequence[Sequence[Any]]) -> list[tuple[_Subject, bytes]]:
    """Each sketch after its subject. The columns are those of the subject, and the sketches."""
    tenants, kinds, ids, sketches = columns
    return list(zip(zip(tenants, kinds, ids, strict=True), sketches, strict=True))


def _subjects(keys: Sequence[VisitorsKey]) -> dict[str, Any]:
    return {
        "tenants": list({key.tenant_id for key in keys}),
        "subjects": [(place, key.tenant_id, id) for place, key in enumerate(keys) for id in key.subjects],
    }


class VisitorsOfSubjects(Loader[VisitorsKey, Visitors]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counting = _Counting(self.database, loaders.now)

    async def batch_load_fn(self, keys: Sequence[VisitorsKey]) -> list[Visitors]:
        return await self._counting.of(keys)


class VisitorsOfPublication(CachedLoader[VisitorsKey, Visitors]):
    """The visitors of one publication for each key."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counting = _Counting(self.database, loaders.now)

    def publication_of(self, key: VisitorsKey) -> tuple[int, int]:
        (publication_id,) = key.subjects
        return key.tenant_id, publication_id

    async def compute(self, asked: Sequence[VersionedKey[VisitorsKey]]) -> list[Visitors]:
        return await self._counting.of([one.key for one in asked])
