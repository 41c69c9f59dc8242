"""Discrepancies of attendances: where they are not what the raw events of folded days say."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from base.attendance import together
from base.sketches import ALL_SUBJECTS
from ingest.attendance_rows import attendances_within
from ingest.columns import ATTENDANCES, EVENTS
from ingest.discrepancy import Discrepancy, Values
from ingest.hour_discrepancies import folded_days
from ingest.hour_rows import start_of
from ingest.recount import RecountScope
from models import Attendance

_DAYS: Final = timedelta(days=31)
"""The people of so many days are in memory, once."""
_SUBJECTS: Final = 100
_KIND_OF_ALL: Final = ALL_SUBJECTS[0]
_COLUMNS: Final = tuple(ATTENDANCES[name] for name in ("subject_kind", "subject_id", "day", "people"))
People = Mapping[tuple[int, int, int, date], bytes]
"""By the key of the table."""


async def attendance_discrepancies(
    connection: AsyncConnection, scope: RecountScope
) -> AsyncIterator[Discrepancy]:
    """Of those days: see `folded_days`."""
    days = await folded_days(connection, scope)
    if days is None:
        return
    first, end = days
    while first < end:
        stop = min(first + _DAYS, end)
        async for discrepancy in _within(connection, scope.tenant.id, first, stop):
            yield discrepancy
        first = stop


async def _within(
    connection: AsyncConnection, tenant_id: int, first: date, stop: date
) -> AsyncIterator[Discrepancy]:
    of_all: defaultdict[date, list[bytes]] = defaultdict(list)
    subjects = sorted(await connection.scalars(_subjects(tenant_id, first, stop)))
    for start in range(0, len(subjects), _SUBJECTS):
        some = subjects[start : start + _SUBJECTS]
        of_some = and_(
            ATTENDANCES.subject_kind != _KIND_OF_ALL, ATTENDANCES.subject_id.between(some[0], some[-1])
        )
        stored = await _stored(connection, tenant_id, first, stop, of_some)
        counted = await _counted(connection, tenant_id, first, stop, some)
        for (*_, day), people in counted.items():
            of_all[day].append(people)
        for discrepancy in _compared(stored, counted):
            yield discrepancy
    stored = await _stored(connection, tenant_id, first, stop, ATTENDANCES.subject_kind == _KIND_OF_ALL)
    counted = {(tenant_id, *ALL_SUBJECTS, day): together(parts) for day, parts in of_all.items()}
    for discrepancy in _compared(stored, counted):
        yield discrepancy


def _compared(stored: People, counted: People) -> Iterator[Discrepancy]:
    for key in sorted(stored.keys() | counted.keys()):
        was, should_be = stored.get(key), counted.get(key)
        if was != should_be:
            yield Discrepancy(Attendance, key, _values(was), _values(should_be))


def _values(people: bytes | None) -> Values | None:
    return None if people is None else (people,)


def _subjects(tenant_id: int, first: date, stop: date) -> Any:
    """Those to which anybody came on these days."""
    happened = select(EVENTS.subject_id).where(
        EVENTS.tenant_id == tenant_id,
        EVENTS.user_id.is_not(None),
        EVENTS.occurred_at >= start_of(first),
        EVENTS.occurred_at < start_of(stop),
    )
    stored = select(ATTENDANCES.subject_id).where(
        *_of_days(tenant_id, first, stop), ATTENDANCES.subject_kind != _KIND_OF_ALL
    )
    return union(happened, stored)


def _of_days(tenant_id: int, first: date, stop: date) -> tuple[Any, ...]:
    return ATTENDANCES.tenant_id == tenant_id, ATTENDANCES.day >= first, ATTENDANCES.day < stop


async def _stored(
    connection: AsyncConnection, tenant_id: int, first: date, stop: date, which: Any
) -> dict[tuple[int, int, int, date], bytes]:
    statement: Select[Any] = select(*_COLUMNS).where(*_of_days(tenant_id, first, stop), which)
    rows = await connection.execute(statement)
    return {(tenant_id, kind, subject_id, day): people for kind, subject_id, day, people in rows}


async def _counted(
    connection: AsyncConnection, tenant_id: int, first: date, stop: date, subjects: list[int]
) -> dict[tuple[int, int, int, date], bytes]:
    found = await attendances_within(connection, tenant_id, first, stop, subjects)
    return {
        (tenant_id, kind, subject_id, date.fromordinal(day)): people
        for (_, kind, subject_id, day), people in found.items()
    }
