"""The statements that count: one for each set of tiers that is read, and for each way to split."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    cast,
    literal,
    literal_column,
    null,
    select,
    union_all,
)

from database import Statement, among, later_of, seeking_join
from loaders.measures import Dimension
from loaders.tiers import (
    HOURS_TIER,
    Folded,
    Tier,
    folded_before,
    hours_part,
    source_of,
    split_of,
    tier_of,
    with_domains,
    with_filters,
    with_something,
)
from models import Action

# A report has tens of thousands of rows, and a call of the enum takes ten times as long as this.
_ACTIONS = {int(action): action for action in Action}
Split = tuple[Action, int | None, str | None]
"""The action, the device and the domain of a count."""
_Counted = tuple[int, int, tuple[int, int], Split, int]
"""The number of the run; the number of the bucket in it; the tenant, with the subject or party; how it is
split; the count."""


@lru_cache(maxsize=512)
def counts_statement(
    runs: tuple[str, ...], dimensions: frozenset[Dimension], of_some_domains: bool
) -> Statement[_Counted]:
    selects = [_run_select(number, run, dimensions, of_some_domains) for number, run in enumerate(runs)]
    return Statement(selects[0] if len(selects) == 1 else union_all(*selects), _counted)


def _counted(
    run: int, tenant_id: int, subject_id: int, bucket: int, action: int, device: int, domain: str, count: int
) -> _Counted:
    return run, bucket, (tenant_id, subject_id), split_as(action, device, domain), count


def split_as(action: int, device: int, domain: str | None) -> Split:
    return _ACTIONS[action], device if device >= 0 else None, domain


def _run_select(
    number: int, name: str, dimensions: frozenset[Dimension], of_some_domains: bool
) -> Select[Any]:
    tier, rows, bucket = source_of(name)
    totals = tier.table.c
    counted = totals.subject_id
    shown, by = _splitting(tier, dimensions)
    statement = (
        select(literal(number), totals.tenant_id, counted, bucket, *shown)
        .select_from(with_domains(rows, tier, dimensions))
        # SQLite compares these columns in this order when it sorts. The tenant is last, because it is mostly
        # the same.
        .group_by(counted, bucket, *by, totals.tenant_id)
    )
    return with_filters(with_something(statement, tier), tier, of_some_domains)


CountedAs = tuple[int, int, int, str | None]
"""The number of the run; and the action, the device and the domain as they are stored, for `split_as`."""
_CountedInSpan = tuple[int, CountedAs, int]
"""The subject; as what it is counted; the count."""


@lru_cache(maxsize=512)
def span_statement(
    runs: tuple[str, ...], dimensions: frozenset[Dimension], of_some_domains: bool
) -> Statement[_CountedInSpan]:
    """For one span of one tenant. Rows come in the order of the totals' key, so SQLite need not sort them,
    and PostgreSQL knows how many to expect. This takes half the time of `counts_statement`."""
    selects = [_span_select(number, run, dimensions, of_some_domains) for number, run in enumerate(runs)]
    return Statement(
        selects[0] if len(selects) == 1 else union_all(*selects),
        _counted_in_span,
    )


def _counted_in_span(
    run: int, subject_id: int, action: int, device: int, domain: str | None, count: int
) -> _CountedInSpan:
    return subject_id, (run, action, device, domain), count


def _span_select(
    number: int, name: str, dimensions: frozenset[Dimension], of_some_domains: bool
) -> Select[Any]:
    tier = tier_of(name)
    totals = tier.table.c
    shown, by = _splitting(tier, dimensions)
    is_theirs = and_(
        totals.tenant_id == bindparam("tenant", type_=BigInteger()), among(totals.subject_id, "subject_ids")
    )
    rows: FromClause = tier.table
    conditions = [is_theirs]
    if tier is HOURS_TIER:
        part = hours_part(name)
        # Of few parts, PostgreSQL has a better plan if the row says the day, and not the part.
        is_then = and_(tier.time == part.c.day, tier.time < folded_before())
        rows, conditions = seeking_join(part, rows, is_theirs & is_then), []
    else:
        start: ColumnElement[Any] = bindparam(f"{name}_start", type_=tier.type)
        if tier.folded is Folded.NOT:
            start = later_of(start, folded_before())
        conditions += [tier.time >= start, tier.time < bindparam(f"{name}_stop", type_=tier.type)]
    statement = (
        select(literal(number), totals.subject_id, *shown)
        .select_from(with_domains(rows, tier, dimensions))
        .where(*conditions)
        .group_by(totals.subject_id, *by)
    )
    if tier is HOURS_TIER:
        # A row of totals by the hour may have nothing in the hours that are read.
        statement = statement.having(tier.sum != literal_column("0"))
    return with_filters(statement, tier, of_some_domains)


_Columns = list[ColumnElement[Any]]


def _splitting(tier: Tier, dimensions: frozenset[Dimension]) -> tuple[_Columns, _Columns]:
    """The columns that are selected (action, device, domain and count), and those by which rows are
    grouped."""
    device, domain, by = split_of(tier, dimensions, cast(null(), String))
    action = tier.table.c.action if tier.action is None else tier.action
    by_action = [action] if tier.action is None else []
    return [action, device, domain, cast(tier.sum, BigInteger)], [*by_action, *by]
