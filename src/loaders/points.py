"""Counts for the points of series. They are added up in the database, and come in columns."""

from collections.abc import Iterator, Sequence
from datetime import date
from math import inf
from typing import Any, Final, NamedTuple, Self

from base.calendar import Timeline
from database import EXACT_BELOW, Database, current_usage
from loaders.measures import Measure
from loaders.members import Members, Parts
from loaders.point_columns import Columns
from loaders.point_hours import HourPoints, hour_points
from loaders.point_layout import Layout
from loaders.point_runs import NOWHERE, Run, point_runs
from loaders.point_statements import points_statement
from models import TAKES_BACK

_BUCKETS_OF_A_STEP: Final = 10


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
    runs = point_runs(timeline, zone, measure, today)
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
    reads = [_read(layout, members.limit, runs[row.run], row, given["most"]) for row in rows]
    return [signed for row, read in zip(rows, reads, strict=True) for signed in _signed(runs[row.run], read)]


def _signed(run: Run, read: Read) -> Iterator[Read]:
    if run.taken_from is None:
        yield read
        return
    yield read.at(run.positions)
    yield read.at(run.taken_from).negative()


def _layout(runs: Sequence[Run], parts: Parts, measure: Measure) -> Layout:
    return Layout(
        tuple(run.shape for run in runs),
        parts,
        measure.dimensions,
        measure.domain_ids is not None,
        not TAKES_BACK.keys().isdisjoint(measure.actions),
    )


def layout_of_subject(zone: str, timeline: Timeline, measure: Measure) -> Layout | None:
    """Of one subject. None unless all is read from one run of days."""
    runs = point_runs(timeline, zone, measure)
    return _layout(runs, Parts.OF_ONE, measure) if len(runs) == 1 and runs[0].shape.is_daily else None


def run_arguments(timeline: Timeline, zone: str, measure: Measure) -> dict[str, Any]:
    return _arguments_of(point_runs(timeline, zone, measure))


def _arguments_of(runs: Sequence[Run]) -> dict[str, Any]:
    return {name: value for run in runs for name, value in run.arguments.items()}


def numbers_as_read(
    numbers: tuple[list[int], ...], zone: str, timeline: Timeline, measure: Measure
) -> Read | None:
    """What was read of one subject by a layout of `layout_of_subject`. None if it may not be exact."""
    (run,), row = point_runs(timeline, zone, measure), Columns(0, 0, numbers, None)
    return _read(_layout([run], Parts.OF_ONE, measure), 1, run, row) if _is_exact(row) else None


def _is_exact(row: Columns) -> bool:
    _, counts, *_ = row.numbers
    return not counts or max(counts) < EXACT_BELOW


def _read(layout: Layout, limit: int, run: Run, row: Columns, most: float = inf) -> Read:
    parts = 1 if layout.has_a_row_for_each_subject(run.shape) else limit
    of_a_group = layout.devices * parts
    of_a_part = of_a_group if run.shape.steps else 2 * of_a_group
    if run.of_days is None:
        cells, counts, *taken = row.numbers
        points = HourPoints(cells, counts, taken[0] if taken else None, row.domains)
    else:
        points = hour_points(run.of_days, row, of_a_part, most)
    return Read(
        run.positions,
        of_a_part,
        of_a_group,
        row.part,
        parts,
        *points,
        is_cut=max(len(row.numbers[0]), len(points.cells)) >= most,
    )
