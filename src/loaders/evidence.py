"""The evidence for a figure: how many rows of which table make it, and what raw events of the same time
say."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from sqlalchemy import BigInteger, FromClause, Select, and_, bindparam, cast, func, select
from sqlalchemy.types import TypeEngine

from database import Statement, among, ordered_join, table_of
from loaders.base import Loader, RowLoader
from loaders.publications import TENANTS
from loaders.totals import (
    ACTIVE,
    DAYS,
    ENGAGED,
    EVENTS,
    IMPORTED,
    MONTHS,
    SUBJECTS,
    asked_subjects,
    is_of,
)
from models import (
    Action,
    ActiveUser,
    Day,
    DayTotal,
    EngagedView,
    Event,
    ImportedTotal,
    Instant,
    MonthTotal,
    SubjectKind,
    SubjectTotal,
    VisitorSketch,
)

SKETCHES = table_of(VisitorSketch).c


V = TypeVar("V")


class Table(Enum):
    """The tables that have counts. Each row of `ENGAGED` and of `EVENTS` counts as one."""

    SUBJECTS = "subject_totals"
    """Of all time."""
    MONTHS = "month_totals"
    DAYS = "day_totals"
    ENGAGED = "engaged_views"
    EVENTS = "events"
    IMPORTED = "imported_totals"
    """What the other totals have in them without events."""


class PartKey(NamedTuple):
    """Asks what some subjects of one tenant have in one table, from `start` up to, not including, `stop`."""

    tenant_id: int
    subject_ids: tuple[int, ...]
    actions: tuple[Action, ...]
    table: Table
    start: date | datetime
    """A day for MONTHS, DAYS and IMPORTED, an instant for the others. It means nothing for SUBJECTS."""
    stop: date | datetime


class PartCount(NamedTuple):
    rows: int
    counted: int


class People(NamedTuple):
    """How many people raw events name."""

    events: int
    """All events of the actions, including those that name nobody."""
    users: int
    others: int
    """Visitors who were not signed in."""


_ASKED = asked_subjects("asked", "place")


def _of_asked(model: Any) -> FromClause:
    return ordered_join(_ASKED, table_of(model), is_of(table_of(model), _ASKED))


def _within(time: Any, type_: TypeEngine[Any]) -> Any:
    return and_(time >= bindparam("start", type_=type_), time < bindparam("stop", type_=type_))


def _counted(model: Any, action: Any, count: Any, *within: Any) -> Statement[Any]:
    return Statement(
        select(_ASKED.c.place, action, func.count(), cast(count, BigInteger))
        .select_from(_of_asked(model))
        .where(among(action, "actions"), *within)
        .group_by(_ASKED.c.place, action),
        lambda place, action, rows, count: (place, Action(action), PartCount(rows, count)),
    )


class _SubjectsLoader(Loader[PartKey, V], Generic[V]):
    """One statement reads all keys that differ only in their subjects."""

    async def batch_load_fn(self, keys: Sequence[PartKey]) -> list[V]:
        grouped: defaultdict[PartKey, list[PartKey]] = defaultdict(list)
        for key in keys:
            grouped[key._replace(tenant_id=0, subject_ids=())].append(key)
        found: dict[PartKey, V] = {}
        for shared, theirs in grouped.items():
            found.update(zip(theirs, await self.read(shared, theirs), strict=True))
        return [found[key] for key in keys]

    async def read(self, shared: PartKey, keys: list[PartKey]) -> list[V]:
        raise NotImplementedError

    async def rows(self, statement: Statement[Any], shared: PartKey, keys: list[PartKey]) -> list[Any]:
        return await self.database.fetch(
            statement,
            tenants=list({key.tenant_id for key in keys}),
            subjects=[(key.tenant_id, id, place) for place, key in enumerate(keys) for id in key.subject_ids],
            actions=list(shared.actions),
            start=shared.start,
            stop=shared.stop,
        )


class PartCounts(_SubjectsLoader[dict[Action, PartCount]]):
    """The counts of each action. Actions without a row are absent."""

    _statements: ClassVar = {
        Table.SUBJECTS: _counted(SubjectTotal, SUBJECTS.action, func.sum(SUBJECTS.count)),
        Table.MONTHS: _counted(
            MonthTotal, MONTHS.action, func.sum(MONTHS.count), _within(MONTHS.month, Day())
        ),
        Table.DAYS: _counted(DayTotal, DAYS.action, func.sum(DAYS.count), _within(DAYS.day, Day())),
        Table.EVENTS: _counted(Event, EVENTS.action, func.count(), _within(EVENTS.occurred_at, Instant())),
    }
    _engaged = Statement(
        select(_ASKED.c.place, func.count())
        .select_from(_of_asked(EngagedView))
        .where(_within(ENGAGED.occurred_at, Instant()))
        .group_by(_ASKED.c.place),
        lambda place, rows: (place, Action.ENGAGED_VIEW, PartCount(rows, rows)),
    )

    async def read(self, shared: PartKey, keys: list[PartKey]) -> list[dict[Action, PartCount]]:
        counts: list[dict[Action, PartCount]] = [{} for _ in keys]
        for place, action, count in await self.rows(
            self._statements.get(shared.table, self._engaged), shared, keys
        ):
            counts[place][action] = count
        return counts


class ImportedCounts(_SubjectsLoader[dict[Action, dict[str, PartCount]]]):
    """What each source from elsewhere says, by action and by the name of the source."""

    _statement = Statement(
        select(
            _ASKED.c.place,
            IMPORTED.action,
            IMPORTED.source,
            func.count(),
            cast(func.sum(IMPORTED.count), BigInteger),
        )
        .select_from(_of_asked(ImportedTotal))
        .where(among(IMPORTED.action, "actions"), _within(IMPORTED.day, Day()))
        .group_by(_ASKED.c.place, IMPORTED.action, IMPORTED.source),
        lambda place, action, source, *counts: (place, Action(action), source, PartCount(*counts)),
    )

    async def read(self, shared: PartKey, keys: list[PartKey]) -> list[dict[Action, dict[str, PartCount]]]:
        counts: list[defaultdict[Action, dict[str, PartCount]]] = [defaultdict(dict) for _ in keys]
        for place, action, source, count in await self.rows(self._statement, shared, keys):
            counts[place][action][source] = count
        return [dict(found) for found in counts]


class FirstInteractions(_SubjectsLoader[int]):
    """How many views have their first interaction within the time, by raw events of all time."""

    _first = (
        select(_ASKED.c.place, func.min(EVENTS.occurred_at).label("at"))
        .select_from(_of_asked(Event))
        .where(among(EVENTS.action, "actions"), EVENTS.view_id.is_not(None))
        .group_by(_ASKED.c.place, EVENTS.view_id)
        .subquery()
    )
    _statement = Statement(
        select(_first.c.place, func.count()).where(_within(_first.c.at, Instant())).group_by(_first.c.place),
        lambda place, count: (place, count),
    )

    async def read(self, shared: PartKey, keys: list[PartKey]) -> list[int]:
        counts = dict(await self.rows(self._statement, shared, keys))
        return [counts.get(place, 0) for place in range(len(keys))]


def _people() -> Select[Any]:
    lone = and_(EVENTS.user_id.is_(None), EVENTS.visitor.is_not(None))
    return (
        select(
            _ASKED.c.place,
            func.count(),
            func.count(EVENTS.user_id.distinct()),
            func.count(EVENTS.visitor.distinct()).filter(lone),
        )
        .select_from(_of_asked(Event))
        .where(among(EVENTS.action, "actions"), _within(EVENTS.occurred_at, Instant()))
        .group_by(_ASKED.c.place)
    )


class PeopleWithin(_SubjectsLoader[People]):
    _statement = Statement(_people(), lambda place, *counts: (place, People(*counts)))

    async def read(self, shared: PartKey, keys: list[PartKey]) -> list[People]:
        people = dict(await self.rows(self._statement, shared, keys))
        return [people.get(place, People(0, 0, 0)) for place in range(len(keys))]


class ActiveSince(_SubjectsLoader[int]):
    """How many users were last active on a publication within the time."""

    _statement = Statement(
        select(_ASKED.c.place, func.count())
        .select_from(_of_asked(ActiveUser))
        .where(
            ACTIVE.subject_kind == int(SubjectKind.PUBLICATION),
            _within(ACTIVE.last_active_at, Instant()),
        )
        .group_by(_ASKED.c.place),
        lambda place, count: (place, count),
    )

    async def read(self, shared: PartKey, keys: list[PartKey]) -> list[int]:
        counts = dict(await self.rows(self._statement, shared, keys))
        return [counts.get(place, 0) for place in range(len(keys))]


class SketchesKey(NamedTuple):
    tenant_id: int
    kind: int
    subject_ids: tuple[int, ...]
    first: date
    stop: date


class SketchRows(Loader[SketchesKey, int]):
    """How many daily sketches of visitors there are. Each key has its own statement, because there are
    few."""

    _statement = Statement(
        select(func.count())
        .select_from(_of_asked(VisitorSketch))
        .where(
            SKETCHES.subject_kind == bindparam("kind", type_=BigInteger()),
            _within(SKETCHES.day, Day()),
        ),
        lambda count: count,
    )

    async def batch_load_fn(self, keys: Sequence[SketchesKey]) -> list[int]:
        return [await self._count(key) for key in keys]

    async def _count(self, key: SketchesKey) -> int:
        (count,) = await self.database.fetch(
            self._statement,
            tenants=[key.tenant_id],
            subjects=[(key.tenant_id, id, 0) for id in key.subject_ids],
            kind=key.kind,
            start=key.first,
            stop=key.stop,
        )
        return int(count)


class RetentionRow(NamedTuple):
    id: int
    time_zone: str
    pruned_before: date | None


class RetentionOfTenant(RowLoader[int, RetentionRow]):
    """The time zone by whose days a tenant's totals are kept, and the day before which its raw events were
    pruned."""

    statement = Statement(
        select(TENANTS.id, TENANTS.time_zone, TENANTS.pruned_before).where(among(TENANTS.id, "keys")),
        RetentionRow,
    )
    key = "id"
