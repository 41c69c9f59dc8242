"""Where counts are read.

A span is cut along the tenant's reporting time zone into whole months, whole days and what is left at its
edges. Each part is read where that is cheapest, and together they are exact. The whole hours of edges are
read from totals by the hour on the days that have such totals, and from events on the others.
"""

from datetime import date
from enum import Enum
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    SmallInteger,
    TableValuedAlias,
    and_,
    bindparam,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.types import TypeEngine

from base.calendar import Piece, Pieces, cut_at_hours, day_hours, noons
from database import among, bucket_of, later_of, ordered_join, rows_of, seeking_join, spans, table_of, until
from loaders.domains import DOMAINS
from loaders.measures import Dimension, Measure
from loaders.totals import (
    DAYS,
    ENGAGED,
    EVENTS,
    FOLDED,
    HOUR_TOTALS,
    IMPORTED,
    MONTHS,
    asked_subjects,
    is_of,
)
from models import (
    HOURS,
    Action,
    Day,
    DayTotal,
    Domain,
    EngagedView,
    Event,
    FoldedHours,
    HourTotal,
    ImportedTotal,
    Instant,
    MonthTotal,
)


class Folded(Enum):
    """What a tier has to do with days that are folded into totals by the hour."""

    ALIKE = "ALIKE"
    """It is read on all days alike."""
    ONLY = "ONLY"
    """It is read on folded days."""
    NOT = "NOT"
    """It is read on days that are not folded."""


class Tier(NamedTuple):
    table: FromClause
    time: ColumnElement[Any]
    type: TypeEngine[Any]
    each: ColumnElement[int] | None
    """What a row counts; None if it counts 1."""
    action: ColumnElement[int] | None = None
    """The action of all rows, if no column says it."""
    folded: Folded = Folded.ALIKE

    @property
    def sum(self) -> ColumnElement[int]:
        return func.count() if self.each is None else func.sum(self.each)


_ENGAGED_VIEW = literal_column(str(int(Action.ENGAGED_VIEW)), SmallInteger())
_ENDS = [HOUR_TOTALS[f"until_{hour}"] for hour in HOURS]
_FIRST_HOUR, _STOP_HOUR = (literal_column(name, BigInteger()) for name in ("first_hour", "stop_hour"))
"""Of a part of time: see `hours_part`."""

DAYS_TIER = Tier(table_of(DayTotal), DAYS.day, Day(), DAYS.count)
MONTHS_TIER = Tier(table_of(MonthTotal), MONTHS.month, Day(), MONTHS.count)
HOURS_EACH = until(_STOP_HOUR, _ENDS) - until(_FIRST_HOUR, _ENDS)
HOURS_TIER = Tier(table_of(HourTotal), HOUR_TOTALS.day, Day(), HOURS_EACH, folded=Folded.ONLY)
_EDGES = Tier(table_of(Event), EVENTS.occurred_at, Instant(), None)
# These are edges, too, but an engaged view is no event of its own.
_ENGAGED_EDGES = Tier(table_of(EngagedView), ENGAGED.occurred_at, Instant(), None, _ENGAGED_VIEW)
_TIERS = {
    "months": MONTHS_TIER,
    "days": DAYS_TIER,
    "hours": HOURS_TIER,
    "unfolded": _EDGES._replace(folded=Folded.NOT),
    "edges": _EDGES,
    # What was imported without events is in the totals. At edges it is read by days, at their noon.
    "noons": Tier(table_of(ImportedTotal), IMPORTED.day, Day(), IMPORTED.count),
    "unfolded_engaged": _ENGAGED_EDGES._replace(folded=Folded.NOT),
    "engaged": _ENGAGED_EDGES,
}
_TAIL = "_tail"
Runs = dict[str, list[Piece[Any]]]


def runs_of(parts: Pieces, reporting_zone: ZoneInfo, measure: Measure, today: date) -> Runs:
    """What is read from each tier, in two runs, so that the rows between them are not read.

    Days come before and after whole months, and edges before and after whole days. `today` is in UTC: no day
    from it on is folded yet.
    """
    runs: Runs = {}
    hours, unfolded, rest = cut_at_hours(parts.edges, today)
    tiers: dict[str, list[Piece[Any]]] = {
        "months": parts.months,
        "days": parts.days,
        "hours": hours,
        "unfolded": unfolded,
        "edges": rest,
        "noons": noons(parts.edges, reporting_zone),
    }
    if Action.ENGAGED_VIEW in measure.actions:
        tiers.update(unfolded_engaged=unfolded, engaged=rest)
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


def limits_of(name: str, run: list[Piece[Any]]) -> list[tuple[Any, ...]]:
    """The parameter of a run whose parts of time are given one by one: see `parts_of`."""
    if tier_of(name) is HOURS_TIER:
        return [(2 * number + 1, *hours) for number, piece in enumerate(run) for hours in day_hours(piece)]
    return [(piece.start, piece.end) for piece in run]


def hours_part(run: str) -> TableValuedAlias:
    """The parts of a run of hours: each has hours of one day."""
    types: dict[str, Any] = {"day": Day(), "first_hour": BigInteger(), "stop_hour": BigInteger()}
    given: Any = rows_of(run, bucket=BigInteger(), **types)
    part: TableValuedAlias = given.table_valued(
        column("bucket", BigInteger()),
        *(column(name, type_) for name, type_ in types.items()),
        name=f"{run}_part",
    )
    return part


def up_to(hour: int) -> Tier:
    """Of totals by the hour: what was counted up to the end of this hour of each day."""
    return HOURS_TIER._replace(each=HOUR_TOTALS[f"until_{hour}"])


def is_within(tier: Tier, part: TableValuedAlias, folded_before: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row is in a part of time. `folded_before`: see `folded_before`."""
    # What says something of the part alone spares databases to seek rows where there are none.
    if tier.folded is Folded.ONLY:
        return and_(tier.time == part.c.day, part.c.day < folded_before)
    if tier.folded is Folded.ALIKE:
        return and_(tier.time >= part.c.start, tier.time < part.c.stop)
    start = later_of(part.c.start, folded_before)
    return and_(tier.time >= start, tier.time < part.c.stop, start < part.c.stop)


def folded_before() -> ColumnElement[Any]:
    """The day before which all days of the parameter `tenant` are folded; null if none is."""
    of_tenant = FOLDED.tenant_id == bindparam("tenant", type_=BigInteger())
    return select(FOLDED.before).where(of_tenant).scalar_subquery()


def with_folded(subjects: TableValuedAlias, tier: Tier, run: str) -> tuple[FromClause, ColumnElement[Any]]:
    """The subjects of several tenants, and the same day for each of them."""
    if tier.folded is Folded.ALIKE:
        return subjects, null()
    folded = table_of(FoldedHours).alias(f"{run}_folded")
    of_tenant = (folded.c.tenant_id == subjects.c.tenant_id) & among(folded.c.tenant_id, "tenants")
    return subjects.outerjoin(folded, of_tenant), folded.c.before


class Source(NamedTuple):
    """The rows that are counted: those of given subjects in given parts of the tier's time."""

    tier: Tier
    rows: FromClause
    bucket: ColumnElement[int]
    """Twice the number of the part, plus one. What lies between two parts has an even number."""


def source_of(run: str) -> Source:
    tier = tier_of(run)
    subjects = asked_subjects(f"{run}_subjects")
    those, before = with_folded(subjects, tier, run)
    if tier is HOURS_TIER:
        part = hours_part(run)
    else:
        part = spans(run, tier.type).table_valued("bucket", "start", "stop", name=f"{run}_part")
    given = ordered_join(those, part, true())
    join = seeking_join if tier is HOURS_TIER else ordered_join
    rows = join(given, tier.table, is_of(tier.table, subjects) & is_within(tier, part, before))
    return Source(tier, rows, part.c.bucket if tier is HOURS_TIER else bucket_of(tier.time, part.c.bucket))


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


def with_something(statement: Select[Any], tier: Tier) -> Select[Any]:
    """Without rows of nothing: most totals by the hour have nothing in the hours that are read. To group
    them, SQLite would keep all their columns.
    """
    has_something = HOURS_EACH.op("<>")(literal_column("0"))
    return statement.where(has_something) if tier is HOURS_TIER else statement


def with_filters(statement: Select[Any], tier: Tier, of_some_domains: bool) -> Select[Any]:
    if tier.action is None:
        statement = statement.where(among(tier.table.c.action, "actions"))
    if of_some_domains:
        statement = statement.where(among(tier.table.c.domain_id, "domain_ids"))
    return statement
