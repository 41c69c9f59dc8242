"""Counts for the points of series. They are added up in the database, and come in columns."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from base.calendar import Piece, Timeline, time_zone
from base.time_units import DAY
from database import Database, current_usage
from loaders.measures import Measure
from loaders.members import Members
from loaders.point_statements import Layout, RunShape, points_statement
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
    parts: int
    cells: list[int]
    domains: list[str] | None
    """None if the series is not split by it. An empty one stands for events without a site."""
    counts: list[int]
    """Of all actions, including those that take something back."""
    taken_back: list[int] | None
    """How many of the counted actions take something back; None if none of the measure's does."""

    def groups(self) -> set[Key]:
        """What says in which group a point is: each group once."""
        if self.domains is None:
            # It is the rest of each cell, found twice as fast as by an expression.
            return set(map(self.of_a_group.__rmod__, self.cells))
        return {
            (cell % self.of_a_group, domain) for cell, domain in zip(self.cells, self.domains, strict=True)
        }

    def split(self, key: Key) -> tuple[int, str, int]:
        """The device, the domain, and the member's part; -1 and "" if the series is not split by it."""
        group, domain = (key, "") if isinstance(key, int) else key
        device, part = divmod(group, self.parts)
        return -1 if self.of_a_group == self.parts else device, domain, part

    def only(self, places: Sequence[int]) -> Self:
        columns = (self.cells, self.domains, self.counts, self.taken_back)
        chosen: list[Any] = [column and [column[place] for place in places] for column in columns]
        return self._replace(cells=chosen[0], domains=chosen[1], counts=chosen[2], taken_back=chosen[3])


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
    layout = Layout(
        tuple(run.shape for run in runs),
        members.parts,
        measure.dimensions,
        measure.domain_ids is not None,
        not TAKES_BACK.keys().isdisjoint(measure.actions),
    )
    rows = await database.fetch(
        points_statement(layout),
        **members.arguments(),
        actions=list(measure.actions),
        domain_ids=measure.domain_ids,
        # A point may be there once for each action.
        most=len(measure.actions) * (most + 1),
        **{name: value for run in runs for name, value in run.arguments().items()},
    )
    of_a_group = layout.devices * members.limit
    return [_read(runs[number], of_a_group, members.limit, *columns) for number, *columns in rows]


def _read(run: _Run, of_a_group: int, parts: int, *columns: Any) -> Read:
    of_a_part = of_a_group if run.shape.is_daily else 2 * of_a_group
    return Read(run.positions, of_a_part, of_a_group, parts, *columns)


def _runs(timeline: Timeline, zone: str, measure: Measure) -> Sequence[_Run]:
    reporting_zone, has_engaged = time_zone(zone), Action.ENGAGED_VIEW in measure.actions

    def made() -> Sequence[_Run]:
        runs = runs_of(timeline.pieces(reporting_zone), reporting_zone, measure)
        return [_Run.of(name, run) for name, run in runs.items()]

    return timeline.noted(("runs", reporting_zone, has_engaged), made)
