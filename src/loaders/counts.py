"""How often something happened to a subject: the one place that reads the totals over time.

A span is cut along the tenant's reporting time zone into whole months, whole days and what is left
at its edges. Each part is read where it is cheapest, and together they are exact.
"""

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    String,
    Table,
    TableValuedAlias,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.types import TypeEngine

from base.calendar import Piece, Pieces, Span, pieces, time_zone
from database import Statement, among, bucket_of, ordered_join, rows_of, spans, table_of
from loaders.base import Loader
from models import Action, Day, DayTotal, Domain, Event, Instant, MonthTotal

DAYS = table_of(DayTotal).c
MONTHS = table_of(MonthTotal).c
EVENTS = table_of(Event).c
DOMAINS = table_of(Domain).c


class Dimension(Enum):
    """What a count may be split by, within one subject."""

    DEVICE = "DEVICE"
    DOMAIN = "DOMAIN"


class Measure(NamedTuple):
    """What to count, the same for every subject of a batch."""

    actions: tuple[Action, ...]
    spans: tuple[Span, ...]
    """In order; they do not overlap."""
    dimensions: frozenset[Dimension] = frozenset()
    domain: str | None = None
    """Only what came from this site; None for all."""


class CountsKey(NamedTuple):
    tenant_id: int
    time_zone: str
    subject_id: int
    measure: Measure


class Cell(NamedTuple):
    """One count's place. `device` and `domain` are None unless split by; domain "" is none at all."""

    position: int
    action: Action
    device: int | None = None
    domain: str | None = None


class Counts(Loader[CountsKey, dict[Cell, int]]):
    """One statement for all subjects whose tenants share a reporting time zone. Absent cells are 0."""

    async def batch_load_fn(self, keys: Sequence[CountsKey]) -> list[dict[Cell, int]]:
        alike: defaultdict[tuple[str, Measure], list[CountsKey]] = defaultdict(list)
        for key in keys:
            alike[key.time_zone, key.measure].append(key)
        counted: dict[CountsKey, dict[Cell, int]] = {key: {} for key in keys}
        for (zone, measure), group in alike.items():
            await self._count(zone, measure, group, counted)
        return [counted[key] for key in keys]

    async def _count(
        self, zone: str, measure: Measure, group: list[CountsKey], counted: dict[CountsKey, dict[Cell, int]]
    ) -> None:
        runs = _runs(pieces(measure.spans, time_zone(zone)))
        if not runs:
            return
        by_subject = {(key.tenant_id, key.subject_id): counted[key] for key in group}
        rows = await self.database.fetch(
            counts_statement(tuple(runs), measure.dimensions, measure.domain is not None),
            tenants=list({key.tenant_id for key in group}),
            subjects=list(by_subject),
            actions=list(measure.actions),
            domain=measure.domain,
            **{name: [(start, stop) for _, start, stop in run] for name, run in runs.items()},
        )
        numbered = list(runs.values())
        for run, bucket, subject, split, count in rows:
            if bucket % 2:
                cell = Cell(numbered[run][bucket // 2].position, *split)
                cells = by_subject[subject]
                cells[cell] = cells.get(cell, 0) + count


def asked_subjects(name: str = "asked") -> TableValuedAlias:
    """What is given as the parameter `subjects`: pairs of a tenant and a subject.

    Two lists instead would be searched for each tenant with each subject of all the others.
    """
    columns = {"tenant_id": BigInteger(), "subject_id": BigInteger()}
    return rows_of("subjects", **columns).table_valued(*columns, name=name)


def is_of(table: Table, asked: TableValuedAlias) -> ColumnElement[bool]:
    """The tenants stand here as a list, too: by it a distributed engine knows where to look."""
    is_theirs: ColumnElement[bool] = and_(
        table.c.tenant_id == asked.c.tenant_id,
        table.c.subject_id == asked.c.subject_id,
        among(table.c.tenant_id, "tenants"),
    )
    return is_theirs


class _Tier(NamedTuple):
    table: Table
    time: ColumnElement[Any]
    type: TypeEngine[Any]
    sum: ColumnElement[int]


_TIERS = {
    "months": _Tier(table_of(MonthTotal), MONTHS.month, Day(), func.sum(MONTHS.count)),
    "days": _Tier(table_of(DayTotal), DAYS.day, Day(), func.sum(DAYS.count)),
    "edges": _Tier(table_of(Event), EVENTS.occurred_at, Instant(), func.count()),
}
_TAIL = "_tail"


def _runs(parts: Pieces) -> dict[str, list[Piece[Any]]]:
    """What is read from each tier: in two runs, so that nobody reads through what lies between.

    Before and after whole months come days; before and after whole days come edges.
    """
    runs: dict[str, list[Piece[Any]]] = {}
    for tier, all_of_it in parts._asdict().items():
        runs[tier], runs[tier + _TAIL] = _halves(all_of_it)
    return {name: run for name, run in runs.items() if run}


def _halves(run: list[Piece[Any]]) -> tuple[list[Piece[Any]], list[Piece[Any]]]:
    """Cut at the widest gap, if there is one."""
    gaps = [after.start - before.end for before, after in pairwise(run)]
    if not gaps or not (widest := max(gaps)):
        return run, []
    cut = gaps.index(widest) + 1
    return run[:cut], run[cut:]


_Counted = tuple[int, int, tuple[int, int], tuple[Action, int | None, str | None], int]
"""The number of the run and of the bucket in it; whose; by what it is split; how often."""


@lru_cache(maxsize=512)
def counts_statement(
    runs: tuple[str, ...], dimensions: frozenset[Dimension], of_one_domain: bool
) -> Statement[_Counted]:
    selects = [_run_select(number, run, dimensions, of_one_domain) for number, run in enumerate(runs)]
    return Statement(selects[0] if len(selects) == 1 else union_all(*selects), _counted)


def _counted(
    run: int, tenant_id: int, subject_id: int, bucket: int, action: int, device: int, domain: str, count: int
) -> _Counted:
    split = (Action(action), device if device >= 0 else None, domain)
    return run, bucket, (tenant_id, subject_id), split, count


def _run_select(number: int, name: str, dimensions: frozenset[Dimension], of_one_domain: bool) -> Select[Any]:
    tier = _TIERS[name.removesuffix(_TAIL)]
    totals = tier.table.c
    asked = asked_subjects(f"{name}_subjects")
    part = spans(name, tier.type).table_valued("bucket", "start", "stop", name=f"{name}_part")
    is_within = (tier.time >= part.c.start) & (tier.time < part.c.stop)
    is_theirs = is_of(tier.table, asked)
    source: FromClause = ordered_join(ordered_join(asked, part, true()), tier.table, is_theirs & is_within)
    bucket = bucket_of(tier.time, part.c.bucket)
    by: list[ColumnElement[Any]] = [totals.tenant_id, totals.subject_id, bucket, totals.action]
    device: ColumnElement[Any] = literal(-1)
    domain: ColumnElement[Any] = cast(null(), String)
    if Dimension.DEVICE in dimensions:
        device = totals.device
        by.append(device)
    if Dimension.DOMAIN in dimensions:
        source = source.outerjoin(table_of(Domain), DOMAINS.id == totals.domain_id)
        domain = func.coalesce(DOMAINS.name, "")
        by.append(DOMAINS.name)
    statement = (
        select(
            literal(number),
            totals.tenant_id,
            totals.subject_id,
            bucket,
            totals.action,
            device,
            domain,
            cast(tier.sum, BigInteger),
        )
        .select_from(source)
        .where(among(totals.action, "actions"))
        .group_by(*by)
    )
    if of_one_domain:
        named = select(DOMAINS.id).where(DOMAINS.name == bindparam("domain")).scalar_subquery()
        statement = statement.where(totals.domain_id == named)
    return statement
