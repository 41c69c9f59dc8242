"""The times of points: how the parts of time of a run follow one another, and how statements find them."""

from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    TableValuedAlias,
    and_,
    bindparam,
    column,
    null,
)

from database import bucket_of, rows_of, spans
from loaders.tiers import HOURS_TIER, Tier, hours_part, is_within, tier_of


class Steps(Enum):
    """How the parts of time of a run of days or months follow one another."""

    DAILY = "DAILY"
    """Each is a day, and the next day follows. Then the ends of the run say all."""
    EVEN = "EVEN"
    """Each begins where the one before ends, and the days since some first day, divided by a length, are its
    number. So the ends, that day and that length say all."""


class RunShape(NamedTuple):
    name: str
    steps: Steps | None
    """None if the parts of time are given one by one."""
    is_scattered: bool = False
    """Whether more time lies between the parts than in them. Then each is sought by itself."""
    is_of_days: bool = False
    """Whether rows of totals by the hour are read for whole days: see `loaders.point_hours`."""

    @property
    def is_daily(self) -> bool:
        return self.steps is Steps.DAILY


Conditions = tuple[ColumnElement[bool], ColumnElement[int]]
"""The condition of a row, and the number of its part."""


def of_time(
    tier: Tier, run: RunShape, given: list[FromClause], before: ColumnElement[Any] | None = None
) -> Conditions:
    """Adds to `given` what the rows are joined with. `before`: the day before which days are folded, if the
    tier depends on that.
    """
    if run.steps:
        return and_(tier.time >= end_of(run, "start"), tier.time < end_of(run, "stop")), _step(tier.time, run)
    times = hours_part(run.name) if tier is HOURS_TIER else _times(tier, run)
    given.append(times)
    is_one_by_one = run.is_scattered or tier is HOURS_TIER
    bucket = times.c.bucket if is_one_by_one else bucket_of(tier.time, times.c.bucket)
    return is_within(tier, times, null() if before is None else before), bucket


def _times(tier: Tier, run: RunShape) -> TableValuedAlias:
    """The parts of time."""
    given: Any = spans(run.name, tier.type)
    if run.is_scattered:
        given = rows_of(run.name, bucket=BigInteger(), start=tier.type, stop=tier.type)
    times: TableValuedAlias = given.table_valued(
        column("bucket", BigInteger()), "start", "stop", name=f"{run.name}_part"
    )
    return times


def _step(time: ColumnElement[Any], run: RunShape) -> ColumnElement[int]:
    """The number of the part of time."""
    if run.is_daily:
        return days_of(time, run)
    since_first = time.op("-", return_type=BigInteger())(end_of(run, "first"))
    return since_first.op("/", return_type=BigInteger())(bindparam(f"{run.name}_length", type_=BigInteger()))


def days_of(time: ColumnElement[Any], run: RunShape) -> ColumnElement[int]:
    """Days since the start of the run."""
    return time.op("-", return_type=BigInteger())(end_of(run, "start"))


def end_of(run: RunShape, name: str) -> ColumnElement[Any]:
    return bindparam(f"{run.name}_{name}", type_=tier_of(run.name).type)
