"""Counts for the points of series. They are added up in the database, and come in columns."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

from base.calendar import FIRST_DAY, Piece, Timeline, next_month, time_zone
from base.time_units import DAY, MICROSECOND
from database import EXACT_BELOW, Database, current_usage
from loaders.measures import Measure
from loaders.members import Members, Parts
from loaders.point_statements import Columns, Layout, points_statement
from loaders.point_times import RunShape, Steps
from loaders.tiers import DAYS_TIER, HOURS_TIER, MONTHS_TIER, Tier, limits_of, runs_of, tier_of
from models import TAKES_BACK, Action

NOWHERE: Final = -1
"""In place of the number of a bucket."""
_BUCKETS_OF_A_STEP: Final = 10
_SHORTEST_MONTH: Final = timedelta(days=28)


Key = int | tuple[int, str]
"""The number of a device and a part; and the domain, if a series is split by it."""


class Read(NamedTuple):
    """What was read of one run, in columns. One point may stand there twice, and in several runs."""

    positions: tuple[int, ...]
    """The bucket of each part of time; `NOWHERE` if none of the points is in that part."""
    of_a_part: int
    """A cell divided by it is the number of the part of time."""
    of_a_group: int
    """The rest of a cell divided by it is the number of the device times `parts`, plus the member's part."""
    first_part: int
    """The member's part in the statement is this number, plus that in the cell."""
    parts: int
    cells: list[int]
    counts: list[int]
    """Of all actions, including those that take something back."""
    taken_back: list[int] | None
    """How many of the counted actions take something back; None if none of the measure's does."""
    domains: list[str] | None = None
    """None if the series is not split by it. An empty one stands for events without a site."""
    is_signed: bool = False
    """Whether it is subtracted, or something is subtracted from it."""
    is_cut: bool = False
    """Whether the statement read only some of the points, because there were too many."""

    def groups(self) -> set[Key]:
        """What says in which group a point is: each group once."""
        if self.domains is None:
            if self.of_a_group == 1:
                return {0} if self.cells else set()
            # It is the rest of each cell, found twice as fast as by an expression.
            return set(map(self.of_a_group.__rmod__, self.cells))
        return {
            (cell % self.of_a_group, domain) for cell, domain in zip(self.cells, self.domains, strict=True)
        }

    def split(self, key: Key) -> tuple[int, str, int]:
        """The device, the domain, and the member's part; -1 and "" if the series is not split by it."""
        group, domain = (key, "") if isinstance(key, int) else key
        device, part = divmod(group, self.parts)
        return -1 if self.of_a_group == self.parts else device, domain, self.first_part + part

    def part_of(self, cell: int) -> int:
        return self.first_part + cell % self.parts

    def only(self, places: Sequence[int]) -> Self:
        columns = (self.cells, self.counts, self.taken_back, self.domains)
        chosen: list[Any] = [column and [column[place] for place in places] for column in columns]
        return self._replace(cells=chosen[0], counts=chosen[1], taken_back=chosen[2], domains=chosen[3])

    def at(self, positions: tuple[int, ...]) -> Self:
        """What counts in these buckets, which are one for each part of time, or `NOWHERE`."""
        parts = [cell // self.of_a_part for cell in self.cells]
        own = self.only([place for place, part in enumerate(parts) if positions[part] != NOWHERE])
        return own._replace(positions=positions, is_signed=True)

    def negative(self) -> Self:
        """To be subtracted."""
        taken_back = self.taken_back and [-count for count in self.taken_back]
        return self._replace(counts=[-count for count in self.counts], taken_back=taken_back)


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


class _Run(NamedTuple):
    """Parts of a tier's time that are read together."""

    shape: RunShape
    positions: tuple[int, ...]
    """The bucket that each part of time is added to, or `NOWHERE`."""
    taken_from: tuple[int, ...] | None
    """The bucket that each part is subtracted from, or `NOWHERE`. None if nothing is subtracted."""
    arguments: dict[str, Any]
    """The parameters of the statement."""

    @classmethod
    def of(cls, name: str, run: list[Piece[Any]]) -> Self:
        limits = [(piece.start, piece.end) for piece in run]
        if tier_of(name) is HOURS_TIER:
            days = [(piece.start.date(), (piece.end - MICROSECOND).date() + DAY) for piece in run]
            shape = RunShape(name, None, _are_scattered(days))
            numbers, arguments = list(range(len(run))), {name: limits_of(name, run)}
            return cls(shape, *_both(numbers, run), arguments)
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
            return self._replace(shape=RunShape(name, None))
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
        return {name: [(2 * number + 1, *limit) for number, limit in enumerate(limits)]}
    if not even:
        return {name: limits}
    ends = {f"{name}_start": limits[0][0], f"{name}_stop": limits[-1][1]}
    if _steps(name, even) is Steps.DAILY:
        return ends
    return {**ends, f"{name}_first": even.first, f"{name}_length": even.length.days}


async def read_points(
    database: Database,
    zone: str,
    timeline: Timeline,
    measure: Measure,
    members: Members,
    most: int,
    today: date,
) -> list[Read]:
    """`zone` is the reporting time zone of all the members' tenants. The measure's spans are those of the
    timeline. `today` is in UTC.

    If there are more than `most` points, some of those beyond are left out.
    """
    runs = _runs(timeline, zone, measure, today)
    if not runs:
        return []
    await current_usage().run_queue.step(len(timeline) // _BUCKETS_OF_A_STEP)
    if len({tenant_id for tenant_id, *_ in members.given}) > 1:
        runs = [run.of_several_tenants() for run in runs]
    layout = _layout(runs, members.parts, measure)
    given = {
        **members.arguments(),
        "actions": list(measure.actions),
        "domain_ids": measure.domain_ids,
        # A point may be there once for each action.
        "most": len(measure.actions) * (most + 1),
        **_arguments_of(runs),
    }
    rows = await database.fetch(points_statement(layout), **given)
    if not all(map(_is_exact, rows)):
        rows = await database.fetch(points_statement(layout._replace(is_exact=True)), **given)
    return [
        read._replace(is_cut=len(row[2][0]) >= given["most"])
        for row in rows
        for read in _signed(runs[row[0]], _read(layout, members.limit, runs[row[0]], row))
    ]


def _signed(run: _Run, read: Read) -> Iterator[Read]:
    if run.taken_from is None:
        yield read
        return
    yield read.at(run.positions)
    yield read.at(run.taken_from).negative()


def _layout(runs: Sequence[_Run], parts: Parts, measure: Measure) -> Layout:
    return Layout(
        tuple(run.shape for run in runs),
        parts,
        measure.dimensions,
        measure.domain_ids is not None,
        not TAKES_BACK.keys().isdisjoint(measure.actions),
    )


def layout_of_subject(zone: str, timeline: Timeline, measure: Measure) -> Layout | None:
    """Of one subject. None unless all is read from one run of days."""
    runs = _runs(timeline, zone, measure)
    return _layout(runs, Parts.OF_ONE, measure) if len(runs) == 1 and runs[0].shape.is_daily else None


def run_arguments(timeline: Timeline, zone: str, measure: Measure) -> dict[str, Any]:
    return _arguments_of(_runs(timeline, zone, measure))


def _arguments_of(runs: Sequence[_Run]) -> dict[str, Any]:
    return {name: value for run in runs for name, value in run.arguments.items()}


def numbers_as_read(
    numbers: tuple[list[int], ...], zone: str, timeline: Timeline, measure: Measure
) -> Read | None:
    """What was read of one subject by a layout of `layout_of_subject`. None if it may not be exact."""
    (run,), row = _runs(timeline, zone, measure), (0, 0, numbers, None)
    return _read(_layout([run], Parts.OF_ONE, measure), 1, run, row) if _is_exact(row) else None


def _is_exact(row: Columns) -> bool:
    _, _, (_, counts, *_), _ = row
    return not counts or max(counts) < EXACT_BELOW


def _read(layout: Layout, limit: int, run: _Run, row: Columns) -> Read:
    _, first_part, (cells, counts, *taken_back), domains = row
    parts = 1 if layout.has_a_row_for_each_subject(run.shape) else limit
    of_a_group = layout.devices * parts
    return Read(
        run.positions,
        of_a_group if run.shape.steps else 2 * of_a_group,
        of_a_group,
        first_part,
        parts,
        cells,
        counts,
        taken_back[0] if taken_back else None,
        domains,
    )


def _runs(timeline: Timeline, zone: str, measure: Measure, today: date = FIRST_DAY) -> Sequence[_Run]:
    """`today` says nothing about runs of days and months."""
    reporting_zone, has_engaged = time_zone(zone), Action.ENGAGED_VIEW in measure.actions

    def made() -> Sequence[_Run]:
        runs = runs_of(timeline.pieces(reporting_zone), reporting_zone, measure, today)
        return [_Run.of(name, run) for name, run in runs.items()]

    return timeline.noted(("runs", reporting_zone, has_engaged, today), made)
