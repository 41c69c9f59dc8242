"""Counts for the points of series. They are added up in the database: one number for each point."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from base.calendar import pieces, time_zone
from database import Database, Statement, current_usage
from loaders.measures import Dimension, Measure
from loaders.tiers import Tier, runs_of, source_of, split_of, with_domains, with_filters
from models import TAKES_BACK

Member = tuple[int, int, int]
"""The tenant, the subject, and the number of the part of a series that the subject counts in."""
Summed = tuple[int, int, int, str, int, int]
"""The number of the part; the position of the span; the device, or -1 if the series is not split by it;
the domain, or "" if it is not split by it; the count of all actions; and how many of these take something
back."""


async def read_points(
    database: Database, zone: str, measure: Measure, members: Sequence[Member], most: int
) -> list[Summed]:
    """The counts of all actions are added up, including actions that take something back. If a point lies in
    several tiers, it has several rows.

    If there are more than `most` places, some of those beyond are left out.
    """
    runs = runs_of(pieces(measure.spans, time_zone(zone)), measure)
    if not runs or not members:
        return []
    await current_usage().run_queue.step(len(measure.spans))
    rows = await database.fetch(
        points_statement(
            tuple(runs),
            measure.dimensions,
            measure.domain_ids is not None,
            not TAKES_BACK.keys().isdisjoint(measure.actions),
        ),
        tenants=list({tenant_id for tenant_id, *_ in members}),
        subjects=list(members),
        actions=list(measure.actions),
        domain_ids=measure.domain_ids,
        # Each run has a row for each place, and one for each gap between two places.
        most=2 * len(runs) * (most + 1),
        **{name: [(start, stop) for _, start, stop in run] for name, run in runs.items()},
    )
    numbered = list(runs.values())
    summed: list[Summed] = []
    async for piece in current_usage().run_queue.batches(rows):
        summed += [
            (part, numbered[run][bucket // 2].position, device, domain, count, taken_back)
            for run, bucket, part, device, domain, count, taken_back in piece
            if bucket % 2
        ]
    return summed


@lru_cache(maxsize=512)
def points_statement(
    runs: tuple[str, ...], dimensions: frozenset[Dimension], of_some_domains: bool, takes_back: bool = False
) -> Statement[tuple[int, int, int, int, str, int, int]]:
    selects = [
        _points_select(number, run, dimensions, of_some_domains, takes_back)
        for number, run in enumerate(runs)
    ]
    every = union_all(*selects).subquery()
    # One select is a subquery, too. Otherwise SQLite would stop sorting only when all rows are read.
    return Statement(select(*every.c).limit(bindparam("most", type_=BigInteger())), lambda *values: values)


def _points_select(
    number: int, name: str, dimensions: frozenset[Dimension], of_some_domains: bool, takes_back: bool
) -> Select[Any]:
    tier, rows, subjects, bucket = source_of(name, "part")
    device, domain, by = split_of(tier, dimensions, literal(""))
    statement = (
        select(
            literal(number).label("run"),
            bucket.label("bucket"),
            subjects.c.part.label("part"),
            device.label("device"),
            domain.label("domain"),
            cast(tier.sum, BigInteger).label("count"),
            (_taken_back(tier) if takes_back else literal(0)).label("taken_back"),
        )
        .select_from(with_domains(rows, tier, dimensions))
        .group_by(subjects.c.part, bucket, *by)
    )
    return with_filters(statement, tier, of_some_domains)


def _taken_back(tier: Tier) -> ColumnElement[int]:
    if tier.action is not None:
        return literal(0)
    of_each = tier.table.c.count if "count" in tier.table.c else literal_column("1", BigInteger())
    takes_back = tier.table.c.action.in_([literal_column(str(int(action))) for action in TAKES_BACK])
    return cast(func.sum(case((takes_back, of_each), else_=literal_column("0"))), BigInteger)
