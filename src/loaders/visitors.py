"""How many people came to some subjects, to whichever of them: estimated, and those signed in exactly."""

from asyncio import gather, sleep
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, TableValuedAlias, and_, bindparam, func, select

from base.calendar import start_of_day, time_zone
from base.sketches import ALL_SUBJECTS, VERSION, Estimate, Union
from database import Database, Statement, among, ordered_join, rows_of, table_of
from loaders.base import Loader
from loaders.counts import EVENTS, is_of
from loaders.engagement import ACTIVE_USERS
from loaders.hour import Asked, Hour, HourLoader, Standings
from models import SUBJECT_OF, TAKES_BACK, ActiveUser, Day, Event, Instant, SubjectKind, VisitorSketch

SKETCHES = table_of(VisitorSketch).c

_Subject = tuple[int, int, int]
"""Its tenant, its kind, and its id."""


class VisitorsKey(NamedTuple):
    tenant_id: int
    time_zone: str
    """The tenant's reporting one, whose days these are."""
    kind: SubjectKind
    subjects: tuple[int, ...]
    has_all: bool
    """Of the tenant: then it has one sketch for all of them and each day."""
    first: date
    stop: date
    """Not included."""

    @property
    def sketched(self) -> list[_Subject]:
        if self.has_all:
            return [(self.tenant_id, *ALL_SUBJECTS)]
        return [(self.tenant_id, int(self.kind), id) for id in self.subjects]


class Visitors(NamedTuple):
    everyone: Estimate
    signed_in: int


class _Alike(NamedTuple):
    """What the keys of one statement have in common."""

    time_zone: str
    kind: SubjectKind
    first: date
    stop: date


def _given(name: str, *columns: str) -> TableValuedAlias:
    return rows_of(name, **dict.fromkeys(columns, BigInteger())).table_valued(*columns, name="asked")


_SKETCHED = _given("sketched", "tenant_id", "subject_kind", "subject_id")
_SUBJECTS = _given("subjects", "place", "tenant_id", "subject_id")


class _Figures:
    """Day by day and subject by subject a sketch was kept; here they are merged.

    Two statements for all keys of the same days.
    """

    _sketches = Statement(
        select(SKETCHES.tenant_id, SKETCHES.subject_kind, SKETCHES.subject_id, SKETCHES.sketch)
        .select_from(
            ordered_join(
                _SKETCHED,
                table_of(VisitorSketch),
                and_(
                    is_of(table_of(VisitorSketch), _SKETCHED),
                    SKETCHES.subject_kind == _SKETCHED.c.subject_kind,
                ),
            )
        )
        .where(
            SKETCHES.day >= bindparam("first", type_=Day()),
            SKETCHES.day < bindparam("stop", type_=Day()),
            SKETCHES.version == VERSION,
        ),
        lambda tenant_id, kind, id, sketch: ((tenant_id, kind, id), sketch),
    )
    _signed_in_until_now = Statement(
        select(_SUBJECTS.c.place, func.count(ACTIVE_USERS.user_id.distinct()))
        .select_from(ordered_join(_SUBJECTS, table_of(ActiveUser), is_of(table_of(ActiveUser), _SUBJECTS)))
        .where(
            ACTIVE_USERS.subject_kind == bindparam("kind", type_=BigInteger()),
            ACTIVE_USERS.last_active_at >= bindparam("start", type_=Instant()),
        )
        .group_by(_SUBJECTS.c.place),
        lambda place, count: (place, count),
    )
    _signed_in_within = Statement(
        select(_SUBJECTS.c.place, func.count(EVENTS.user_id.distinct()))
        .select_from(ordered_join(_SUBJECTS, table_of(Event), is_of(table_of(Event), _SUBJECTS)))
        .where(
            EVENTS.user_id.is_not(None),
            among(EVENTS.action, "actions"),
            EVENTS.occurred_at >= bindparam("start", type_=Instant()),
            EVENTS.occurred_at < bindparam("end", type_=Instant()),
        )
        .group_by(_SUBJECTS.c.place),
        lambda place, count: (place, count),
    )

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = now

    async def of(self, keys: Sequence[VisitorsKey]) -> list[Visitors]:
        alike: defaultdict[_Alike, list[VisitorsKey]] = defaultdict(list)
        for key in keys:
            alike[_Alike(key.time_zone, key.kind, key.first, key.stop)].append(key)
        found: dict[VisitorsKey, Visitors] = {}
        for asked, theirs in alike.items():
            everyone, signed_in = await gather(self._everyone(asked, theirs), self._signed_in(asked, theirs))
            for place, key in enumerate(theirs):
                found[key] = Visitors(everyone[place], signed_in.get(place, 0))
        return [found[key] for key in keys]

    async def _everyone(self, asked: _Alike, keys: list[VisitorsKey]) -> list[Estimate]:
        sketches: defaultdict[_Subject, list[bytes]] = defaultdict(list)
        subjects = {subject for key in keys for subject in key.sketched}
        rows = await self._database.fetch(
            self._sketches,
            tenants=list({tenant_id for tenant_id, _, _ in subjects}),
            sketched=list(subjects),
            first=asked.first,
            stop=asked.stop,
        )
        for subject, sketch in rows:
            sketches[subject].append(sketch)
        estimates = []
        for key in keys:
            union = Union()
            for subject in key.sketched:
                union.add(sketches[subject])
                # A year of days takes some milliseconds: other requests get their turn in between.
                await sleep(0)
            estimates.append(union.estimate())
        return estimates

    async def _signed_in(self, asked: _Alike, keys: list[VisitorsKey]) -> dict[int, int]:
        """By the key's place."""
        zone = time_zone(asked.time_zone)
        start, end = start_of_day(asked.first, zone), start_of_day(asked.stop, zone)
        named: dict[str, Any] = {
            "tenants": list({key.tenant_id for key in keys}),
            "subjects": [(place, key.tenant_id, id) for place, key in enumerate(keys) for id in key.subjects],
            "start": start,
        }
        if end > self._now:
            return dict(await self._database.fetch(self._signed_in_until_now, **named, kind=asked.kind))
        actions = [
            action for action, kind in SUBJECT_OF.items() if kind is asked.kind and action not in TAKES_BACK
        ]
        return dict(await self._database.fetch(self._signed_in_within, **named, actions=actions, end=end))


class VisitorsOfSubjects(Loader[VisitorsKey, Visitors]):
    def __init__(self, database: Database, now: datetime) -> None:
        super().__init__(database)
        self._figures = _Figures(database, now)

    async def batch_load_fn(self, keys: Sequence[VisitorsKey]) -> list[Visitors]:
        return await self._figures.of(keys)


class VisitorsOfTheHour(HourLoader[VisitorsKey, Visitors]):
    """Of one publication each."""

    def __init__(self, database: Database, hour: Hour, standings: Standings, now: datetime) -> None:
        super().__init__(database, hour, standings)
        self._figures = _Figures(database, now)

    def publication_of(self, key: VisitorsKey) -> tuple[int, int]:
        (publication_id,) = key.subjects
        return key.tenant_id, publication_id

    async def compute(self, asked: Sequence[Asked[VisitorsKey]]) -> list[Visitors]:
        return await self._figures.of([one.key for one in asked])
