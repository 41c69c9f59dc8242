"""Cuts spans into whole months, whole days and edges. Totals exist for months and days; edges are counted
from events.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from base.calendar.days import day_of, month_start, next_month, start_of_day
from base.calendar.spans import Span
from base.time_units import DAY, HOUR

_Limit = TypeVar("_Limit", bound=date)


class Piece(NamedTuple, Generic[_Limit]):
    """A part of one span. `end` is not included. `position` is the place of the span in the sequence."""

    position: int
    start: _Limit
    end: _Limit


class Pieces(NamedTuple):
    """All parts of all spans, without overlap: whole months (by their first days), whole days, and edges."""

    months: list[Piece[date]]
    days: list[Piece[date]]
    edges: list[Piece[datetime]]


def pieces(spans: Sequence[Span], reporting_zone: ZoneInfo) -> Pieces:
    """What to read from month totals, day totals and events: at most 1, 2 and 2 pieces of each span."""
    found = Pieces([], [], [])
    for position, (start, end) in enumerate(spans):
        if end - start <= HOUR:
            # No day is so short. This saves time, because a series has thousands of hours.
            _add(found.edges, position, start, end)
            continue
        first, first_start = _first_whole_day(start, reporting_zone)
        after = day_of(end, reporting_zone)
        after_start = start_of_day(after, reporting_zone)
        if first_start >= after_start:
            _add(found.edges, position, start, end)
            continue
        month, after_month = _whole_months(first, after)
        _add(found.months, position, month, after_month)
        _add(found.days, position, first, month)
        _add(found.days, position, after_month, after)
        _add(found.edges, position, start, first_start)
        _add(found.edges, position, after_start, end)
    return found


def _first_whole_day(instant: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """The first day that does not begin before the instant, and its start."""
    day = day_of(instant, zone)
    start = start_of_day(day, zone)
    if start < instant:
        day += DAY
        start = start_of_day(day, zone)
    return day, start


def _whole_months(first: date, after: date) -> tuple[date, date]:
    """The first days of the first whole month, and of the month after the last one; `after` twice if there is
    none.
    """
    month, after_month = next_month(first - DAY), month_start(after)
    return (month, after_month) if month < after_month else (after, after)


def _add(pieces: list[Piece[_Limit]], position: int, start: _Limit, end: _Limit) -> None:
    if start < end:
        pieces.append(Piece(position, start, end))
