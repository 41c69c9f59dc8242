"""How often something happened to a subject: the one place that reads the totals over time.

A span is cut along the tenant's reporting time zone into whole months, whole days and what is left
at its edges. Each part is read where it is cheapest, and together they are exact.
"""

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Table,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.types import TypeEngine

from base.calendar import Pieces, Span, pieces, time_zone
from database import Statement, among, span_parameters, spans, table_of
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


class EverKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: Action


class EverCounts(Loader[EverKey, int]):
    """How often something has ever happened to a subject."""

    _statement = Statement(
        select(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action, cast(func.sum(MONTHS.count), BigInteger))
        .where(
            among(MONTHS.tenant_id, "tenants"),
            among(MONTHS.subject_id, "subjects"),
            among(MONTHS.action, "actions"),
        )
        .group_by(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action),
        lambda tenant_id, subject_id, action, count: (EverKey(tenant_id, subject_id, Action(action)), count),
    )

    async def batch_load_fn(self, keys: Sequence[EverKey]) -> list[int]:
        tenants, subjects, actions = (list(set(values)) for values in zip(*keys, strict=True))
        counts = dict(
            await self.database.fetch(self._statement, tenants=tenants, subjects=subjects, actions=actions)
        )
        return [counts.get(key, 0) for key in keys]


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
        parts = pieces(measure.spans, time_zone(zone))
        tiers = tuple(tier for tier in _TIERS if getattr(parts, tier))
        if not tiers:
            return
        rows = await self.database.fetch(
            counts_statement(tiers, measure.dimensions, measure.domain is not None),
            tenants=list({key.tenant_id for key in group}),
            subjects=[key.subject_id for key in group],
            actions=list(measure.actions),
            domain=measure.domain,
            **_span_parameters(parts),
        )
        by_subject = {(key.tenant_id, key.subject_id): counted[key] for key in group}
        for tenant_id, subject_id, cell, count in rows:
            cells = by_subject[tenant_id, subject_id]
            cells[cell] = cells.get(cell, 0) + count


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


def _span_parameters(parts: Pieces) -> dict[str, Any]:
    return {
        **span_parameters("months", parts.months),
        **span_parameters("days", parts.days),
        **span_parameters("edges", parts.edges),
    }


@lru_cache(maxsize=64)
def counts_statement(
    tiers: tuple[str, ...], dimensions: frozenset[Dimension], of_one_domain: bool
) -> Statement[tuple[int, int, Cell, int]]:
    selects = [_tier_select(tier, dimensions, of_one_domain) for tier in tiers]
    return Statement(selects[0] if len(selects) == 1 else union_all(*selects), _counted)


def _counted(
    tenant_id: int, subject_id: int, position: int, action: int, device: int, domain: str, count: int
) -> tuple[int, int, Cell, int]:
    cell = Cell(position, Action(action), device if device >= 0 else None, domain)
    return tenant_id, subject_id, cell, count


def _tier_select(name: str, dimensions: frozenset[Dimension], of_one_domain: bool) -> Select[Any]:
    tier = _TIERS[name]
    totals = tier.table.c
    part = spans(name, tier.type).table_valued("bucket", "start", "stop", name=f"{name}_part")
    source = part.join(
        totals.count.table if hasattr(totals, "count") else totals.id.table, _within(tier, part)
    )
    by: list[ColumnElement[Any]] = [totals.tenant_id, totals.subject_id, part.c.bucket, totals.action]
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
            totals.tenant_id,
            totals.subject_id,
            part.c.bucket,
            totals.action,
            device,
            domain,
            cast(tier.sum, BigInteger),
        )
        .select_from(source)
        .where(
            among(totals.tenant_id, "tenants"),
            among(totals.subject_id, "subjects"),
            among(totals.action, "actions"),
        )
        .group_by(*by)
    )
    if of_one_domain:
        named = select(DOMAINS.id).where(DOMAINS.name == bindparam("domain")).scalar_subquery()
        statement = statement.where(totals.domain_id == named)
    return statement


def _within(tier: _Tier, part: Any) -> ColumnElement[bool]:
    within: ColumnElement[bool] = (tier.time >= part.c.start) & (tier.time < part.c.stop)
    return within
