"""Counts for the points of series. They are added up in the database, and come in columns."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from base.calendar import Piece, Timeline, time_zone
from base.time_units import DAY
from database import EXACT_BELOW, Database, current_usage
from loaders.measures import Measure
from loaders.members import Members, Parts
from loaders.point_statements import Columns, Layout, RunShape, points_statement
from loaders.tiers import DAYS_TIER, runs_of, tier_of
from models import TAKES_BACK, Action

_BUCKETS_OF_A_STEP = 10


Key = int | tuple[int, str]
"""The number of a device and a part; and the domain, if a series is split by it."""


class Read(NamedTuple):
    """What was read of one run, in columns. One point may stand there twice, and in several runs."""

    positions: tuple[int, ...]
    """The bucket of each part of time."""
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


class _Run(NamedTuple):
    """Parts of a tier's time that are read together."""

    shape: RunShape
    positions: tuple[int, ...]
    limits: list[tuple[Any, Any]]
    """Where each part begins and ends."""

    @classmethod
    def of(cls, name: str, run: list[Piece[Any]]) -> Self:
        limits = [(piece.start, piece.end) for piece in run]
        shape = RunShape(name, tier_of(name) is DAYS_TIER and _is_daily(limits))
        return cls(shape, tuple([piece.position for piece in run]), limits)

    def arguments(self) -> dict[str, Any]:
        name, is_daily = self.shape
        if not is_daily:
            return {name: self.limits}
        return {f"{name}_start": self.limits[0][0], f"{name}_stop": self.limits[-1][1]}


def _is_daily(limits: list[tuple[Any, Any]]) -> bool:
    """Each part is one day, and each begins where the one before ends."""
    first, _ = limits[0]
    return all(limit == (first + n * DAY, first + (n + 1) * DAY) for n, limit in enumerate(limits))


async def read_points(
    database: Database, zone: str, timeline: Timeline, measure: Measure, members: Members, most: int
) -> list[Read]:
    """`zone` is the reporting time zone of all the members' tenants. The measure's spans are those of the
    timeline.

    If there are more than `most` points, some of those beyond are left out.
    """
    runs = _runs(timeline, zone, measure)
    if not runs:
        return []
    await current_usage().run_queue.step(len(timeline) // _BUCKETS_OF_A_STEP)
    layout = _layout(runs, members.parts, measure)
    given = {
        **members.arguments(),
        "actions": list(measure.actions),
        "domain_ids": measure.domain_ids,
        # A point may be there once for each action.
        "most": len(measure.actions) * (most + 1),
        **run_arguments(timeline, zone, measure),
    }
    reads = _reads(runs, layout, members, await database.fetch(points_statement(layout), **given))
    if not all(map(_is_exact, reads)):
        exact = points_statement(layout._replace(is_exact=True))
        reads = _reads(runs, layout, members, await database.fetch(exact, **given))
    return reads


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
    return {name: value for run in _runs(timeline, zone, measure) for name, value in run.arguments().items()}


def numbers_as_read(
    numbers: tuple[list[int], ...], zone: str, timeline: Timeline, measure: Measure
) -> Read | None:
    """What was read of one subject by a layout of `layout_of_subject`. None if it may not be exact."""
    runs = _runs(timeline, zone, measure)
    read = _read(runs[0], _layout(runs, Parts.OF_ONE, measure), 1, (0, 0, numbers, None))
    return read if _is_exact(read) else None


def _is_exact(read: Read) -> bool:
    return not read.counts or max(read.counts) < EXACT_BELOW


def _reads(runs: Sequence[_Run], layout: Layout, members: Members, rows: Sequence[Columns]) -> list[Read]:
    return [_read(runs[row[0]], layout, members.limit, row) for row in rows]


def _read(run: _Run, layout: Layout, limit: int, row: Columns) -> Read:
    _, first_part, (cells, counts, *taken_back), domains = row
    parts = 1 if layout.has_a_row_for_each_subject(run.shape) else limit
    of_a_group = layout.devices * parts
    return Read(
        run.positions,
        of_a_group if run.shape.is_daily else 2 * of_a_group,
        of_a_group,
        first_part,
        parts,
        cells,
        counts,
        taken_back[0] if taken_back else None,
        domains,
    )


def _runs(timeline: Timeline, zone: str, measure: Measure) -> Sequence[_Run]:
    reporting_zone, has_engaged = time_zone(zone), Action.ENGAGED_VIEW in measure.actions

    def made() -> Sequence[_Run]:
        runs = runs_of(timeline.pieces(reporting_zone), reporting_zone, measure)
        return [_Run.of(name, run) for name, run in runs.items()]

    return timeline.noted(("runs", reporting_zone, has_engaged), made)
