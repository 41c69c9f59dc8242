"""Discrepancies of totals by the hour: where they are not what the raw events of folded days say."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from base.time_units import DAY, MICROSECOND
from ingest.columns import FOLDED, HOUR_TOTALS
from ingest.discrepancy import Discrepancy, Values
from ingest.hour_rows import counted_hours, start_of
from ingest.hour_totals import NAMES
from ingest.recount import RecountScope
from ingest.sorted_stream import Row, SortedStream, merged_keys
from models import HourTotal

_KEY = tuple(HOUR_TOTALS[name] for name in ("subject_id", "day", "action", "device", "domain_id"))
_SUMS = tuple(HOUR_TOTALS[name] for name in NAMES)


async def hour_discrepancies(connection: AsyncConnection, scope: RecountScope) -> AsyncIterator[Discrepancy]:
    """On the folded days in UTC that the days in scope touch, and of which all events are kept."""
    id = scope.tenant.id
    folded = await connection.scalar(select(FOLDED.before).where(FOLDED.tenant_id == id))
    first, stop = _touched(scope)
    if folded is None or first >= min(stop, folded):
        return
    stop = min(stop, folded)
    is_in_scope = (HOUR_TOTALS.tenant_id == id, HOUR_TOTALS.day >= first, HOUR_TOTALS.day < stop)
    stored: SortedStream[int] = await SortedStream.read(
        connection, select(*_KEY, *_SUMS).where(*is_in_scope).order_by(*_KEY)
    )
    counted: SortedStream[int] = await SortedStream.read(
        connection, counted_hours(id, start_of(first), start_of(stop))
    )
    async for subject_id in merged_keys([stored, counted]):
        were = _sums(id, await stored.rows(subject_id))
        rows = await counted.rows(subject_id)
        should_be = _sums(id, ((row[0], date.fromordinal(row[1]), *row[2:]) for row in rows))
        for key in sorted(were.keys() | should_be.keys()):
            if were.get(key) != should_be.get(key):
                yield Discrepancy(HourTotal, key, were.get(key), should_be.get(key))


def _touched(scope: RecountScope) -> tuple[date, date]:
    kept_from = scope.tenant.kept_from.astimezone(UTC)
    first = scope.start.astimezone(UTC).date()
    if start_of(first) < kept_from:
        whole = kept_from.date()
        first = whole if start_of(whole) == kept_from else whole + DAY
    return first, (scope.end - MICROSECOND).astimezone(UTC).date() + DAY


def _sums(tenant_id: int, rows: Iterable[Row]) -> dict[tuple[Any, ...], Values]:
    """By the key. A row of nothing is the same as none."""
    length = len(_KEY)
    return {(tenant_id, *row[:length]): tuple(row[length:]) for row in rows if any(row[length:])}
