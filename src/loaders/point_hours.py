"""Points of an hour. A row of totals by the hour has a whole day: where several parts of time lie in one day,
each row is read once, and its hours are told apart here.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise, repeat
from typing import Any, Final, NamedTuple, Self

from base.calendar import Piece, day_hours
from loaders.point_columns import Columns
from models import HOURS

_BUT_ONE: Final = len(HOURS) - 1


class HourPart(NamedTuple):
    """Hours of a day, from `first` up to, not including, `stop`."""

    number: int
    """The number of the part of time."""
    first: int
    stop: int


class DayParts(NamedTuple):
    """The parts of time that are read from the rows of a few days."""

    limits: list[tuple[Any, ...]]
    """The parameter of the statement: a row for each day."""
    parts: list[list[HourPart]]
    """Of each day."""

    @classmethod
    def of(cls, run: Sequence[Piece[Any]]) -> Self | None:
        """None unless many parts lie in one day, and follow one another: the statement leaves out what has
        nothing between the first and the last one.
        """
        days: dict[Any, list[HourPart]] = {}
        for number, piece in enumerate(run):
            for day, first, stop in day_hours(piece):
                days.setdefault(day, []).append(HourPart(number, first, stop))
        parts = list(days.values())
        if sum(map(len, parts)) <= 2 * len(days) or not all(map(_follow, parts)):
            return None
        limits = [
            (2 * number + 1, day, of_day[0].first, of_day[-1].stop)
            for number, (day, of_day) in enumerate(days.items())
        ]
        return cls(limits, parts)


def _follow(parts: list[HourPart]) -> bool:
    return all(one.stop == two.first for one, two in pairwise(parts))


class HourPoints(NamedTuple):
    """In columns, as in `Read`."""

    cells: list[int]
    counts: list[int]
    taken_back: list[int] | None
    domains: list[str] | None


def hour_points(parts: list[list[HourPart]], row: Columns, of_a_part: int, most: float) -> HourPoints:
    """The points of each part, up to about `most` of them. A cell divided by `of_a_part` is the number of its
    day, and then that of its part.
    """
    cells, counts, *taken = row.numbers
    found = HourPoints([], [], [] if taken else None, None if row.domains is None else [])
    counted = _from_midnight(row.hours[:_BUT_ONE], counts)
    taken_back = _from_midnight(row.hours[_BUT_ONE:], taken[0]) if taken else repeat(())
    columns = zip(cells, counted, taken_back, row.domains or repeat(""), strict=False)
    for cell, until, until_taken, domain in columns:
        day, rest = divmod(cell, of_a_part)
        for number, first, stop in parts[day]:
            if count := until[stop] - until[first]:
                found.cells.append(number * of_a_part + rest)
                found.counts.append(count)
                if found.taken_back is not None:
                    found.taken_back.append(until_taken[stop] - until_taken[first])
                if found.domains is not None:
                    found.domains.append(domain)
        if len(found.cells) >= most:
            break
    return found


def _from_midnight(later_first: Sequence[list[int]], whole: list[int]) -> Iterable[Sequence[int]]:
    """Of each row: what was counted up to each hour, beginning with 0."""
    return zip(repeat(0), *reversed(later_first), whole, strict=False)
