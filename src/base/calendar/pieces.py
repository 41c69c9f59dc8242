"""Cuts spans into whole months, whole days and edges. Totals exist for months and days; edges are counted
from events.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from base.calendar.days import day_of, month_start, next_month, start_of_day
from base.calendar.spans import Span
from base.time_units import DAY, HOUR

_Limit = TypeVar("_Limit", bound=date)
_SHORTEST_MONTH = timedelta(days=28)


class Piece(NamedTuple, Generic[_Limit]):
    """What is read once, and counts in one span or in two. `end` is not included."""

    position: int | None
    """The place in the sequence of the span that it is added to, if it is added to one."""
    start: _Limit
    end: _Limit
    taken_from: int | None = None
    """The place of the span that it is subtracted from, if there is one."""


class Pieces(NamedTuple):
    """What is read for all spans, without overlap: whole months (by their first days), whole days, and edges.
    Each is in order.
    """

    months: list[Piece[date]]
    days: list[Piece[date]]
    edges: list[Piece[datetime]]


def pieces(spans: Sequence[Span], reporting_zone: ZoneInfo) -> Pieces:
    """The parts of the spans. Nothing is subtracted: different people are counted by these, and somebody who
    came in an hour may have come in the rest of the day, too. They are at most 1, 2 and 2 of each span.
    """
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
        _add_days(found, position, first, after)
        _add(found.edges, position, start, first_start)
        _add(found.edges, position, after_start, end)
    return found


def signed_pieces(spans: Sequence[Span], reporting_zone: ZoneInfo) -> Pieces:
    """What to add and to subtract: whole days from the midnight that is nearest to the start of a span up to
    the one that is nearest to its end, and the time between these and the ends. Where one span ends and
    another begins, they have that time in common: what one gets is taken from the other.

    The spans are in order and do not overlap.
    """
    found, edges = Pieces([], [], []), list[Piece[datetime]]()
    for position, (start, end) in enumerate(spans):
        days = _nearest_days(start, end, reporting_zone)
        if days is None:
            _add(edges, position, start, end)
            continue
        (first, first_start), (after, after_start) = days
        _add_days(found, position, first, after)
        _add_or_take(edges, position, start, first_start)
        _add_or_take(edges, position, after_start, end)
    return found._replace(edges=list(_without_overlap(edges)))


_Midnight = tuple[date, datetime]
"""A day, and its start."""


def _nearest_days(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[_Midnight, _Midnight] | None:
    """None if the span is read from events alone, because less time is left to read then."""
    if end - start <= HOUR:
        return None
    first, after = _nearest(start, zone), _nearest(end, zone)
    if first[1] >= after[1] or end - start <= abs(first[1] - start) + abs(end - after[1]):
        return None
    return first, after


# Where one bucket ends, the next one begins, and the same ones are asked for again.
@lru_cache(maxsize=8192)
def _nearest(instant: datetime, zone: ZoneInfo) -> _Midnight:
    day = day_of(instant, zone)
    start = start_of_day(day, zone)
    if start == instant:
        return day, start
    after = start_of_day(day + DAY, zone)
    return (day, start) if instant - start <= after - instant else (day + DAY, after)


def _without_overlap(edges: Sequence[Piece[datetime]]) -> Iterator[Piece[datetime]]:
    """In order, and each time once."""
    if all(edge.taken_from is None for edge in edges):
        yield from edges
        return
    for together in _overlapping(sorted(edges, key=attrgetter("start", "end"))):
        if len(together) == 1:
            yield together[0]
            continue
        limits = sorted({limit for edge in together for limit in (edge.start, edge.end)})
        for start, end in pairwise(limits):
            own = [edge for edge in together if edge.start <= start and end <= edge.end]
            position = next((edge.position for edge in own if edge.position is not None), None)
            taken_from = next((edge.taken_from for edge in own if edge.taken_from is not None), None)
            yield Piece(position, start, end, taken_from)


def _overlapping(edges: Iterable[Piece[datetime]]) -> Iterator[list[Piece[datetime]]]:
    """Those that have time in common, directly or by others between them."""
    together: list[Piece[datetime]] = []
    last: datetime | None = None
    for edge in edges:
        if last is not None and edge.start >= last:
            yield together
            together, last = [], None
        together.append(edge)
        last = edge.end if last is None else max(last, edge.end)
    if together:
        yield together


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
    if after - first < _SHORTEST_MONTH:
        return after, after
    month, after_month = next_month(first - DAY), month_start(after)
    return (month, after_month) if month < after_month else (after, after)


def _add_days(found: Pieces, position: int, first: date, after: date) -> None:
    month, after_month = _whole_months(first, after)
    _add(found.months, position, month, after_month)
    _add(found.days, position, first, month)
    _add(found.days, position, after_month, after)


def _add_or_take(pieces: list[Piece[datetime]], position: int, start: datetime, end: datetime) -> None:
    """Takes what is from the end up to the start, if the end is before the start."""
    if start < end:
        pieces.append(Piece(position, start, end))
    elif end < start:
        pieces.append(Piece(None, end, start, position))


def _add(pieces: list[Piece[_Limit]], position: int, start: _Limit, end: _Limit) -> None:
    if start < end:
        pieces.append(Piece(position, start, end))
