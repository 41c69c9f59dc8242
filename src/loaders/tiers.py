"""Where counts are read.

A span is cut along the tenant's reporting time zone into whole months, whole days and what is left at its
edges. Each part is read where that is cheapest, and together they are exact.
"""

from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    SmallInteger,
    Table,
    func,
    literal,
    literal_column,
    true,
)
from sqlalchemy.types import TypeEngine

from base.calendar import Piece, Pieces, noons
from database import among, bucket_of, ordered_join, spans, table_of
from loaders.domains import DOMAINS
from loaders.measures import Dimension, Measure
from loaders.totals import DAYS, ENGAGED, EVENTS, IMPORTED, MONTHS, asked_subjects, is_of
from models import Action, Day, DayTotal, Domain, EngagedView, Event, ImportedTotal, Instant, MonthTotal


class Tier(NamedTuple):
    table: Table
    time: ColumnElement[Any]
    type: TypeEngine[Any]
    sum: ColumnElement[int]
    action: ColumnElement[int] | None = None
    """The action of all rows, if no column says it."""


DAYS_TIER = Tier(table_of(DayTotal), DAYS.day, Day(), func.sum(DAYS.count))
MONTHS_TIER = Tier(table_of(MonthTotal), MONTHS.month, Day(), func.sum(MONTHS.count))
_TIERS = {
    "months": MONTHS_TIER,
    "days": DAYS_TIER,
    "edges": Tier(table_of(Event), EVENTS.occurred_at, Instant(), func.count()),
    # What was imported without events is in the totals. At edges it is read by days, at their noon.
    "noons": Tier(table_of(ImportedTotal), IMPORTED.day, Day(), func.sum(IMPORTED.count)),
    # These are edges, too, but an engaged view is no event of its own.
    "engaged": Tier(
        table_of(EngagedView),
        ENGAGED.occurred_at,
        Instant(),
        func.count(),
        literal_column(str(int(Action.ENGAGED_VIEW)), SmallInteger()),
    ),
}
_TAIL = "_tail"
Runs = dict[str, list[Piece[Any]]]


def runs_of(parts: Pieces, reporting_zone: ZoneInfo, measure: Measure) -> Runs:
    """What is read from each tier, in two runs, so that the rows between them are not read.

    Days come before and after whole months, and edges before and after whole days.
    """
    runs: Runs = {}
    tiers = {**parts._asdict(), "noons": noons(parts.edges, reporting_zone)}
    if Action.ENGAGED_VIEW in measure.actions:
        tiers["engaged"] = parts.edges
    for tier, all_of_it in tiers.items():
        runs[tier], runs[tier + _TAIL] = _halves(all_of_it)
    return {name: run for name, run in runs.items() if run}


def _halves(run: list[Piece[Any]]) -> tuple[list[Piece[Any]], list[Piece[Any]]]:
    """Cuts a run at its widest gap, if there is one."""
    gaps = [after.start - before.end for before, after in pairwise(run)]
    if not gaps or not (widest := max(gaps)):
        return run, []
    cut = gaps.index(widest) + 1
    return run[:cut], run[cut:]


def tier_of(run: str) -> Tier:
    return _TIERS[run.removesuffix(_TAIL)]


class Source(NamedTuple):
    """The rows that are counted: those of given subjects in given parts of the tier's time."""

    tier: Tier
    rows: FromClause
    bucket: ColumnElement[int]
    """Twice the number of the part, plus one. What lies between two parts has an even number."""


def source_of(run: str) -> Source:
    tier = tier_of(run)
    subjects = asked_subjects(f"{run}_subjects")
    part = spans(run, tier.type).table_valued("bucket", "start", "stop", name=f"{run}_part")
    is_within = (tier.time >= part.c.start) & (tier.time < part.c.stop)
    given = ordered_join(subjects, part, true())
    rows = ordered_join(given, tier.table, is_of(tier.table, subjects) & is_within)
    return Source(tier, rows, bucket_of(tier.time, part.c.bucket))


class Split(NamedTuple):
    device: ColumnElement[Any]
    """-1 if counts are not split by it."""
    domain: ColumnElement[Any]
    by: list[ColumnElement[Any]]
    """The columns by which rows are grouped."""


def split_of(tier: Tier, dimensions: frozenset[Dimension], no_domain: ColumnElement[Any]) -> Split:
    """`no_domain` is selected if counts are not split by domains."""
    split = Split(literal(-1), no_domain, [])
    if Dimension.DEVICE in dimensions:
        device = tier.table.c.device
        split = split._replace(device=device, by=[device])
    if Dimension.DOMAIN in dimensions:
        split = split._replace(domain=func.coalesce(DOMAINS.name, ""), by=[*split.by, DOMAINS.name])
    return split


def with_domains(source: FromClause, tier: Tier, dimensions: frozenset[Dimension]) -> FromClause:
    if Dimension.DOMAIN not in dimensions:
        return source
    return source.outerjoin(table_of(Domain), DOMAINS.id == tier.table.c.domain_id)


def with_filters(statement: Select[Any], tier: Tier, of_some_domains: bool) -> Select[Any]:
    if tier.action is None:
        statement = statement.where(among(tier.table.c.action, "actions"))
    if of_some_domains:
        statement = statement.where(among(tier.table.c.domain_id, "domain_ids"))
    return statement
