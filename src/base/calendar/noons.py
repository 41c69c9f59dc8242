"""The days whose noon lies in given spans. What has a day and no hour is counted at the noon of its day."""

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from base.calendar.days import day_of, first_instant
from base.calendar.pieces import Piece
from base.time_units import DAY

_NOON = time(12)


def noons(edges: Sequence[Piece[datetime]], zone: ZoneInfo) -> list[Piece[date]]:
    """The days of `zone` whose noon lies in an edge. They count where that edge does. An edge without a noon
    has none. The edges must be in order.
    """
    found: list[Piece[date]] = []
    if not edges:
        return found
    day, noon = _first_from(edges[0].start, zone)
    for position, start, end, taken_from in edges:
        if noon < start:
            day, noon = _first_from(start, zone)
        first = day
        while noon < end:
            day, noon = _noon_of(day + DAY, zone)
        if first < day:
            found.append(Piece(position, first, day, taken_from))
    return found


def _first_from(instant: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """The first day whose noon is not before the instant, and that noon."""
    day = day_of(instant, zone)
    found = _noon_of(day, zone)
    return found if found[1] >= instant else _noon_of(day + DAY, zone)


def _noon_of(day: date, zone: ZoneInfo) -> tuple[date, datetime]:
    return day, first_instant(datetime.combine(day, _NOON), zone)
