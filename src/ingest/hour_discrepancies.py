"""Discrepancies of totals by the hour: where they are not what the raw events of folded days say."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, date
from typing import Any, Final

from sqlalchemy import Select, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from base.time_units import DAY, MICROSECOND
from ingest.columns import EVENTS, FOLDED, HOUR_TOTALS, VIEWS
from ingest.discrepancy import Discrepancy, Values
from ingest.hour_rows import counted_hours, start_of, subjects_given
from ingest.hour_totals import NAMES
from ingest.recount import RecountScope
from ingest.sorted_stream import ROWS_AT_A_TIME, Row, SortedStream, merged_keys
from models import HourTotal

_KEY = tuple(HOUR_TOTALS[name] for name in ("subject_id", "day", "action", "device", "domain_id"))
_SUMS = tuple(HOUR_TOTALS[name] for name in NAMES)
_SUBJECTS: Final = 100
"""The database groups the events of so many at a time."""

SubjectDay = tuple[int, date]


async def hour_discrepancies(connection: AsyncConnection, scope: RecountScope) -> AsyncIterator[Discrepancy]:
    """Of those days: see `folded_days`."""
    days = await folded_days(connection, scope)
    if days is None:
        return
    id, (first, stop) = scope.tenant.id, days
    subjects = sorted(await connection.scalars(_subjects(id, first, stop)))
    counting = counted_hours(id, start_of(first), start_of(stop), of_subjects=True)
    for start in range(0, len(subjects), _SUBJECTS):
        some = subjects[start : start + _SUBJECTS]
        storing = _stored(id, first, stop, some[0], some[-1])
        stored = await _by_day(connection, storing, lambda day: day)
        counted = await _by_day(connection, counting, date.fromordinal, subjects_given(some))
        async for key in merged_keys([stored, counted]):
            were, should_be = _sums(id, await stored.rows(key)), _sums(id, await counted.rows(key))
            for row in sorted(were.keys() | should_be.keys()):
                if were.get(row) != should_be.get(row):
                    yield Discrepancy(HourTotal, row, were.get(row), should_be.get(row))


async def folded_days(connection: AsyncConnection, scope: RecountScope) -> tuple[date, date] | None:
    """The folded days in UTC that the days in scope touch, and of which all events are kept: from the first
    up to, not including, the second; None if there are none.

    There are none when the tenant gets another zone: hours in UTC do not depend on it, and events wait.
    """
    if scope.is_of_another_zone:
        return None
    folded = await connection.scalar(select(FOLDED.before).where(FOLDED.tenant_id == scope.tenant.id))
    first, stop = _touched(scope)
    return (first, min(stop, folded)) if folded and first < min(stop, folded) else None


def _touched(scope: RecountScope) -> tuple[date, date]:
    kept_from = scope.tenant.kept_from.astimezone(UTC)
    first = scope.start.astimezone(UTC).date()
    if start_of(first) < kept_from:
        whole = kept_from.date()
        first = whole if start_of(whole) == kept_from else whole + DAY
    return first, (scope.end - MICROSECOND).astimezone(UTC).date() + DAY


def _subjects(tenant_id: int, first: date, stop: date) -> Any:
    """Those that have anything on these days."""
    start, end = start_of(first), start_of(stop)
    happened = (
        select(columns.subject_id).where(
            columns.tenant_id == tenant_id, columns.occurred_at >= start, columns.occurred_at < end
        )
        for columns in (EVENTS, VIEWS)
    )
    stored = select(HOUR_TOTALS.subject_id).where(
        HOUR_TOTALS.tenant_id == tenant_id, HOUR_TOTALS.day >= first, HOUR_TOTALS.day < stop
    )
    return union(*happened, stored)


def _stored(tenant_id: int, first: date, stop: date, least: int, most: int) -> Select[Any]:
    of_days = (HOUR_TOTALS.tenant_id == tenant_id, HOUR_TOTALS.day >= first, HOUR_TOTALS.day < stop)
    of_subjects = (HOUR_TOTALS.subject_id >= least, HOUR_TOTALS.subject_id <= most)
    return select(*_KEY, *_SUMS).where(*of_days, *of_subjects).order_by(*_KEY)


async def _by_day(
    connection: AsyncConnection,
    statement: Select[Any],
    day_of: Callable[[Any], date],
    given: dict[str, Any] | None = None,
) -> SortedStream[SubjectDay]:
    """Rows with the subject and the day before them, so that one day of a subject is in memory."""
    result = await connection.stream(statement, given, execution_options={"yield_per": ROWS_AT_A_TIME})

    async def parts() -> AsyncIterator[list[Row]]:
        async for part in result.partitions():
            yield [((row[0], day_of(row[1])), *row[2:]) for row in part]

    return SortedStream(parts())


def _sums(tenant_id: int, rows: Iterable[Row]) -> dict[tuple[Any, ...], Values]:
    """By the key. A row of nothing is the same as none."""
    return {
        (tenant_id, *key, action, device, domain_id): tuple(sums)
        for key, action, device, domain_id, *sums in rows
        if any(sums)
    }
