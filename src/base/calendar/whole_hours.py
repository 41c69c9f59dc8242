"""The whole hours within edges. Totals by the hour exist for days in UTC that are over."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from base.calendar.pieces import Piece
from base.time_units import DAY, HOUR


class DayHours(NamedTuple):
    """Hours of one day in UTC, from the hour `first` up to, not including, the hour `stop`."""

    day: date
    first: int
    stop: int


class CutEdges(NamedTuple):
    """Each is in order. Those that stand in one list do not overlap."""

    hours: list[Piece[datetime]]
    """Whole hours of days that are over."""
    unfolded: list[Piece[datetime]]
    """The same hours, and what is left of the edges on later days. This is read from events where there are
    no totals by the hour.
    """
    rest: list[Piece[datetime]]
    """Parts of hours: they are read from events in any case."""


def cut_at_hours(edges: Sequence[Piece[datetime]], today: date) -> CutEdges:
    """`today`: the day in UTC that is not over yet."""
    open_from = datetime.combine(today, time.min, UTC)
    found = CutEdges([], [], [])
    for edge in edges:
        first, stop = _ceiling(edge.start), _floor(min(edge.end, open_from))
        if first < stop:
            after = edge.end if edge.end > open_from else stop
            found.hours.append(edge._replace(start=first, end=stop))
            found.unfolded.append(edge._replace(start=first, end=after))
            found.rest.extend(_between(edge, edge.start, first))
            found.rest.extend(_between(edge, after, edge.end))
        elif edge.start >= open_from:
            found.unfolded.append(edge)
        else:
            found.rest.append(edge)
    return found if found.hours else CutEdges([], [], list(edges))


def _between(edge: Piece[datetime], start: datetime, end: datetime) -> Iterator[Piece[datetime]]:
    if start < end:
        yield edge._replace(start=start, end=end)


def _floor(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _ceiling(instant: datetime) -> datetime:
    floor = _floor(instant)
    return floor if floor == instant else floor + HOUR


def day_hours(piece: Piece[datetime]) -> Iterator[DayHours]:
    """The hours of each day. The piece begins and ends with whole hours."""
    day, first = piece.start.date(), piece.start.hour
    last, stop = piece.end.date(), piece.end.hour
    while day < last:
        yield DayHours(day, first, 24)
        day, first = day + DAY, 0
    if first < stop:
        yield DayHours(day, first, stop)
