"""The evidence for a figure: how many rows of which table make it, and what raw events of the same time
say."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from sqlalchemy import BigInteger, FromClause, Select, and_, bindparam, cast, func, literal_column, select
from sqlalchemy.types import TypeEngine

from base.calendar import Piece, day_hours
from database import Statement, among, ordered_join, rows_of, table_of
from loaders.base import Loader
from loaders.tiers import HOURS_EACH, HOURS_TIER
from loaders.totals import (
    ACTIVE,
    DAYS,
    ENGAGED,
    EVENTS,
    HOUR_TOTALS,
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
    HourTotal,
    ImportedTotal,
    Instant,
    MonthTotal,
    SubjectKind,
    SubjectTotal,
)

V = TypeVar("V")


class Table(Enum):
    """The tables that have counts. Each row of `ENGAGED` and of `EVENTS` counts as one."""

    SUBJECTS = "subject_totals"
    """Of all time."""
    MONTHS = "month_totals"
    DAYS = "day_totals"
    HOURS = "hour_totals"
    """Whole hours."""
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


def of_asked(model: Any) -> FromClause:
    return ordered_join(_ASKED, table_of(model), is_of(table_of(model), _ASKED))


def within(time: Any, type_: TypeEngine[Any]) -> Any:
    return and_(time >= bindparam("start", type_=type_), time < bindparam("stop", type_=type_))


def _counted(model: Any, action: Any, count: Any, *within: Any) -> Statement[Any]:
    return Statement(
        select(_ASKED.c.place, action, func.count(), cast(count, BigInteger))
        .select_from(of_asked(model))
        .where(among(action, "actions"), *within)
        .group_by(_ASKED.c.place, action),
        lambda place, action, rows, count: (place, Action(action), PartCount(rows, count)),
    )


def _of_hours() -> Statement[Any]:
    """It counts on all days of the parameter `hours`, whether they are folded or not."""
    types: dict[str, Any] = {"day": Day(), "first_hour": BigInteger(), "stop_hour": BigInteger()}
    hours = rows_of("hours", **types).table_valued(*types, name="hours")
    rows = ordered_join(of_asked(HourTotal), hours, hours.c.day == HOURS_TIER.time)
    return Statement(
        select(_ASKED.c.place, HOUR_TOTALS.action, func.count(), cast(HOURS_TIER.sum, BigInteger))
        .select_from(rows)
        .where(among(HOUR_TOTALS.action, "actions"), HOURS_EACH.op("<>")(literal_column("0")))
        .group_by(_ASKED.c.place, HOUR_TOTALS.action),
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
            **_limits(shared),
        )


def _limits(shared: PartKey) -> dict[str, Any]:
    start, stop = shared.start, shared.stop
    if shared.table is Table.HOURS and isinstance(start, datetime) and isinstance(stop, datetime):
        return {"hours": list(day_hours(Piece(0, start, stop)))}
    return {"start": start, "stop": stop}


class PartCounts(_SubjectsLoader[dict[Action, PartCount]]):
    """The counts of each action. Actions without a row are absent."""

    _statements: ClassVar = {
        Table.SUBJECTS: _counted(SubjectTotal, SUBJECTS.action, func.sum(SUBJECTS.count)),
        Table.MONTHS: _counted(
            MonthTotal, MONTHS.action, func.sum(MONTHS.count), within(MONTHS.month, Day())
        ),
        Table.DAYS: _counted(DayTotal, DAYS.action, func.sum(DAYS.count), within(DAYS.day, Day())),
        Table.HOURS: _of_hours(),
        Table.EVENTS: _counted(Event, EVENTS.action, func.count(), within(EVENTS.occurred_at, Instant())),
    }
    _engaged = Statement(
        select(_ASKED.c.place, func.count())
        .select_from(of_asked(EngagedView))
        .where(within(ENGAGED.occurred_at, Instant()))
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
        .select_from(of_asked(ImportedTotal))
        .where(among(IMPORTED.action, "actions"), within(IMPORTED.day, Day()))
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
        .select_from(of_asked(Event))
        .where(among(EVENTS.action, "actions"), EVENTS.view_id.is_not(None))
        .group_by(_ASKED.c.place, EVENTS.view_id)
        .subquery()
    )
    _statement = Statement(
        select(_first.c.place, func.count()).where(within(_first.c.at, Instant())).group_by(_first.c.place),
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
        .select_from(of_asked(Event))
        .where(among(EVENTS.action, "actions"), within(EVENTS.occurred_at, Instant()))
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
        .select_from(of_asked(ActiveUser))
        .where(
            ACTIVE.subject_kind == int(SubjectKind.PUBLICATION),
            within(ACTIVE.last_active_at, Instant()),
        )
        .group_by(_ASKED.c.place),
        lambda place, count: (place, count),
    )

    async def read(self, shared: PartKey, keys: list[PartKey]) -> list[int]:
        counts = dict(await self.rows(self._statement, shared, keys))
        return [counts.get(place, 0) for place in range(len(keys))]
