"""The runs of a series: parts of time that are read together, and how they are given to a statement."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

from base.calendar import FIRST_DAY, Piece, Timeline, next_month, time_zone
from base.time_units import DAY, MICROSECOND
from database import LastingRows
from loaders.measures import Measure
from loaders.point_hours import DayParts, HourPart
from loaders.point_times import RunShape, Steps
from loaders.tiers import DAYS_TIER, HOURS_TIER, MONTHS_TIER, Tier, limits_of, runs_of, tier_of
from models import Action

NOWHERE: Final = -1
"""In place of the number of a bucket."""
_SHORTEST_MONTH: Final = timedelta(days=28)


class _Even(NamedTuple):
    """Parts of time that follow one another, of which the number is found by a division."""

    first: date
    """What is divided are the days since this one."""
    length: timedelta

    @classmethod
    def of(cls, tier: Tier, limits: Sequence[tuple[Any, Any]]) -> Self | None:
        """None if parts are not of days or months, lie apart, or are not equally long."""
        if not (tier is DAYS_TIER or tier is MONTHS_TIER) or any(
            stop != start for (_, stop), (start, _) in pairwise(limits)
        ):
            return None
        return cls._months(limits) if tier is MONTHS_TIER and len(limits) > 1 else cls._days(limits)

    @classmethod
    def _days(cls, limits: Sequence[tuple[date, date]]) -> Self | None:
        """The first and the last one may be shorter."""
        lengths = [stop - start for start, stop in limits]
        longest = max(lengths)
        return None if set(lengths[1:-1]) - {longest} else cls(limits[0][1] - longest, longest)

    @classmethod
    def _months(cls, limits: Sequence[tuple[date, date]]) -> Self | None:
        """No two of them begin within so few days. So each has a number of its own, and some numbers are of
        none."""
        return (
            cls(limits[0][0], _SHORTEST_MONTH) if all(next_month(one) == two for one, two in limits) else None
        )

    def number(self, start: date) -> int:
        return (start - self.first) // self.length


class Run(NamedTuple):
    """Parts of a tier's time that are read together."""

    shape: RunShape
    positions: tuple[int, ...]
    """The bucket that each part of time is added to, or `NOWHERE`."""
    taken_from: tuple[int, ...] | None
    """The bucket that each part is subtracted from, or `NOWHERE`. None if nothing is subtracted."""
    arguments: dict[str, Any]
    """The parameters of the statement."""
    of_days: list[list[HourPart]] | None = None
    """The parts of each day, if rows are read for whole days."""

    @classmethod
    def of(cls, name: str, run: list[Piece[Any]]) -> Self:
        limits = [(piece.start, piece.end) for piece in run]
        if tier_of(name) is HOURS_TIER:
            days = [(piece.start.date(), (piece.end - MICROSECOND).date() + DAY) for piece in run]
            found = DayParts.of(run)
            shape = RunShape(name, None, _are_scattered(days), is_of_days=found is not None)
            given = {name: LastingRows(found.limits if found else limits_of(name, run))}
            return cls(shape, *_both(list(range(len(run))), run), given, found and found.parts)
        even = _Even.of(tier_of(name), limits)
        numbers = [even.number(start) for start, _ in limits] if even else list(range(len(run)))
        return cls(
            RunShape(name, _steps(name, even), even is None and _are_scattered(limits)),
            *_both(numbers, run),
            _arguments(name, limits, even),
        )

    def of_several_tenants(self) -> Self:
        """In a form that a cluster can send to the machine of each."""
        name = self.shape.name
        if not self.shape.is_scattered:
            return self
        if tier_of(name) is HOURS_TIER:
            return self._replace(shape=self.shape._replace(is_scattered=False))
        pairs = [limit for _, *limit in self.arguments[name]]
        return self._replace(shape=RunShape(name, None), arguments={name: pairs})


def _are_scattered(limits: Sequence[tuple[Any, Any]]) -> bool:
    (first, _), (_, last) = limits[0], limits[-1]
    within: timedelta = sum((stop - start for start, stop in limits), timedelta(0))
    return bool(2 * within < last - first)


def _steps(name: str, even: _Even | None) -> Steps | None:
    if not even:
        return None
    return Steps.DAILY if tier_of(name) is DAYS_TIER and even.length == DAY else Steps.EVEN


def _both(numbers: list[int], run: list[Piece[Any]]) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """The buckets that the parts are added to, and those that they are subtracted from."""
    takes = any(piece.taken_from is not None for piece in run)
    return (
        _buckets(numbers, [piece.position for piece in run]),
        _buckets(numbers, [piece.taken_from for piece in run]) if takes else None,
    )


def _buckets(numbers: list[int], positions: list[int | None]) -> tuple[int, ...]:
    """The bucket of each number of a part."""
    found = [NOWHERE] * (numbers[-1] + 1)
    for number, position in zip(numbers, positions, strict=True):
        if position is not None:
            found[number] = position
    return tuple(found)


def _arguments(name: str, limits: list[tuple[Any, Any]], even: _Even | None) -> dict[str, Any]:
    if _are_scattered(limits):
        return {name: LastingRows((2 * number + 1, *limit) for number, limit in enumerate(limits))}
    if not even:
        return {name: LastingRows(limits)}
    ends = {f"{name}_start": limits[0][0], f"{name}_stop": limits[-1][1]}
    if _steps(name, even) is Steps.DAILY:
        return ends
    return {**ends, f"{name}_first": even.first, f"{name}_length": even.length.days}


def point_runs(timeline: Timeline, zone: str, measure: Measure, today: date = FIRST_DAY) -> Sequence[Run]:
    """`today` says nothing about runs of days and months."""
    reporting_zone, has_engaged = time_zone(zone), Action.ENGAGED_VIEW in measure.actions

    def made() -> Sequence[Run]:
        runs = runs_of(timeline.pieces(reporting_zone), reporting_zone, measure, today)
        return [Run.of(name, run) for name, run in runs.items()]

    return timeline.noted(("runs", reporting_zone, has_engaged, today), made)
