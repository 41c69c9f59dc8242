"""Discrepancies: where the totals of a tenant are not what its raw events and its imported totals say."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Set
from datetime import datetime
from operator import eq
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from base.sketches import ALL_SUBJECTS, VERSION, content
from ingest.all_time_discrepancies import ChangedSums, all_time_discrepancies
from ingest.attendance_discrepancies import attendance_discrepancies
from ingest.deltas import ActiveKey, TotalKey
from ingest.discrepancy import INSTANTS, Discrepancy, Values
from ingest.hour_discrepancies import hour_discrepancies
from ingest.recount import Recount, RecountScope, VisitKey, stored_event
from ingest.recount_streams import SubjectStreams, ViewStreams, stored_sketches
from ingest.sorted_stream import Row, merged_keys
from ingest.visitor_sketches import SketchKey
from models import (
    SUBJECT_OF,
    Action,
    ActiveUser,
    DayTotal,
    EngagedView,
    LinkedVisit,
    MonthTotal,
    VisitorSketch,
)

K = TypeVar("K", bound=tuple[Any, ...])


async def discrepancies(
    connection: AsyncConnection, scope: RecountScope
) -> AsyncGenerator[Discrepancy, None]:
    """The discrepancies on the days and in the months in scope, by what the connection sees in one
    transaction.

    A user belongs to the day of the last activity, and an engaged view to the day of its first interaction.
    If the stored and the counted one differ, the discrepancy belongs to both days. Totals of all time are
    compared whatever is in scope.
    """
    changed = ChangedSums()
    subjects = await SubjectStreams.read(connection, scope)
    recount = Recount(scope.tenant)
    async for subject_id in merged_keys(subjects.all()):
        recount.next_subject()
        await _recount(recount, scope.tenant.id, subjects, subject_id)
        for discrepancy in await _of_subject(scope, subjects, subject_id, recount):
            changed.add(discrepancy)
            yield discrepancy
    stored = await connection.execute(stored_sketches(scope, ALL_SUBJECTS[0]))
    for discrepancy in _of_sketches(scope, stored, recount.of_all_subjects):
        yield discrepancy
    async for discrepancy in _of_views(scope, await ViewStreams.read(connection, scope)):
        yield discrepancy
    async for discrepancy in hour_discrepancies(connection, scope):
        yield discrepancy
    async for discrepancy in attendance_discrepancies(connection, scope):
        yield discrepancy
    async for discrepancy in all_time_discrepancies(connection, scope.tenant.id, changed):
        yield discrepancy


async def _recount(recount: Recount, tenant_id: int, subjects: SubjectStreams, subject_id: int) -> None:
    async for part in subjects.events.parts(subject_id):
        recount.add(stored_event(tenant_id, *row) for row in part)
    async for part in subjects.engaged.parts(subject_id):
        recount.add(stored_event(tenant_id, id, Action.ENGAGED_VIEW, *row) for id, *row in part)
    recount.add_imported(_totals(tenant_id, await subjects.imported.rows(subject_id)))
    async for part in subjects.visits.parts(subject_id):
        recount.add_visits(part)


async def _of_subject(
    scope: RecountScope, subjects: SubjectStreams, subject_id: int, recount: Recount
) -> list[Discrepancy]:
    days = _totals(scope.tenant.id, await subjects.stored_days.rows(subject_id))
    months = _totals(scope.tenant.id, await subjects.stored_months.rows(subject_id))
    active = await subjects.stored_active.rows(subject_id)
    last_active = await subjects.active.rows(subject_id)
    visits = await subjects.stored_visits.rows(subject_id)
    sketches = [row for kind in subjects.stored_sketches for row in await kind.rows(subject_id)]
    days_in_scope = Counter({key: n for key, n in days.items() if scope.first <= key.first_day < scope.stop})
    return [
        *_of_totals(DayTotal, days_in_scope, recount.totals),
        *_of_totals(MonthTotal, months, scope.months(recount.totals, days)),
        *_of_users(scope, active, last_active),
        *_of_sketches(scope, sketches, recount.sketches),
        *_of_visits(scope, visits, recount.visits),
    ]


def _totals(tenant_id: int, rows: Iterable[Row]) -> Counter[TotalKey]:
    return Counter({TotalKey(tenant_id, *key): count for *key, count in rows})


def _of_totals(
    model: type[SQLModel], stored: Counter[TotalKey], counted: Counter[TotalKey]
) -> Iterator[Discrepancy]:
    """A total of 0 is the same as none."""
    return _compared(
        model,
        {key: (count,) for key, count in stored.items() if count},
        {key: (count,) for key, count in counted.items() if count},
    )


def _of_users(scope: RecountScope, stored: Iterable[Row], counted: Iterable[Row]) -> Iterator[Discrepancy]:
    was_active = {
        ActiveKey(scope.tenant.id, kind, subject_id, user_id): (at,)
        for subject_id, kind, user_id, at in stored
    }
    last_active: dict[ActiveKey, tuple[datetime]] = {}
    for subject_id, action, user_id, at in counted:
        key = ActiveKey(scope.tenant.id, SUBJECT_OF[Action(action)], subject_id, user_id)
        last_active[key] = max(last_active.get(key, (at,)), (at,))
    for discrepancy in _compared(ActiveUser, was_active, last_active):
        if any(scope.has(*value) for value in (discrepancy.stored, discrepancy.counted) if value):
            yield discrepancy


def _of_sketches(
    scope: RecountScope, stored: Iterable[Row], counted: Mapping[SketchKey, bytes]
) -> Iterator[Discrepancy]:
    return _compared(
        VisitorSketch,
        {
            SketchKey(scope.tenant.id, kind, subject_id, day): tuple(values)
            for subject_id, kind, day, *values in stored
        },
        {key: (VERSION, sketch) for key, sketch in counted.items()},
        _are_same_sketches,
    )


def _of_visits(scope: RecountScope, stored: Iterable[Row], counted: Set[VisitKey]) -> Iterator[Discrepancy]:
    """A row of them has nothing but its key."""
    known = [VisitKey(scope.tenant.id, kind, id, day, visitor) for id, kind, day, visitor in stored]
    return _compared(LinkedVisit, dict.fromkeys(known, ()), dict.fromkeys(counted, ()))


def _are_same_sketches(one: Values | None, other: Values | None) -> bool:
    if one is None or other is None or one == other:
        return one == other
    return bool(one[0] == other[0] and content(one[1]) == content(other[1]))


async def _of_views(scope: RecountScope, views: ViewStreams) -> AsyncIterator[Discrepancy]:
    async for view_id in merged_keys(views):
        stored = _values(await views.stored.rows(view_id))
        counted = _values(await views.counted.rows(view_id))
        if stored != counted and any(
            scope.has(values[INSTANTS[EngagedView]]) for values in (stored, counted) if values
        ):
            yield Discrepancy(EngagedView, (scope.tenant.id, view_id), stored, counted)


def _values(rows: list[Row]) -> Values | None:
    return tuple(rows[0][1:]) if rows else None


def _compared(
    model: type[SQLModel],
    stored: Mapping[K, Values],
    counted: Mapping[K, Values],
    is_same: Callable[[Values | None, Values | None], bool] = eq,
) -> Iterator[Discrepancy]:
    for key in sorted(stored.keys() | counted.keys()):
        was, should_be = stored.get(key), counted.get(key)
        if not is_same(was, should_be):
            yield Discrepancy(model, key, was, should_be)
