"""How often something happened to a subject: the one place that reads the totals over time.

A span is cut along the tenant's reporting time zone into whole months, whole days and what is left
at its edges. Each part is read where it is cheapest, and together they are exact.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    SmallInteger,
    String,
    Table,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.types import TypeEngine

from base.calendar import Pieces, Span, pieces, time_zone
from database import Database, Statement, among, span_parameters, spans, table_of
from loaders.base import Loader
from models import Action, Day, DayTotal, Domain, EngagedView, Event, Instant, MonthTotal

DAYS = table_of(DayTotal).c
MONTHS = table_of(MonthTotal).c
EVENTS = table_of(Event).c
DOMAINS = table_of(Domain).c
ENGAGED = table_of(EngagedView).c


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


SubjectKey = tuple[int, int]
"""Tenant and subject."""


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


Cells = dict[Cell, int]


class Counts(Loader[CountsKey, Cells]):
    """One statement for all subjects whose tenants share a reporting time zone. Absent cells are 0."""

    async def batch_load_fn(self, keys: Sequence[CountsKey]) -> list[Cells]:
        alike: defaultdict[tuple[str, Measure], set[SubjectKey]] = defaultdict(set)
        for key in keys:
            alike[key.time_zone, key.measure].add((key.tenant_id, key.subject_id))
        counted = {
            like: await read_counts(self.database, *like, subjects) for like, subjects in alike.items()
        }
        return [counted[key.time_zone, key.measure].get((key.tenant_id, key.subject_id), {}) for key in keys]


class ManyKey(NamedTuple):
    """Several subjects of one tenant."""

    tenant_id: int
    time_zone: str
    subject_ids: tuple[int, ...]
    measure: Measure


class CountsOfMany(Loader[ManyKey, dict[int, Cells]]):
    """By subject, for many keys like it in one statement. Subjects without any count are absent."""

    async def batch_load_fn(self, keys: Sequence[ManyKey]) -> list[dict[int, Cells]]:
        alike: defaultdict[tuple[str, Measure], set[SubjectKey]] = defaultdict(set)
        for key in keys:
            alike[key.time_zone, key.measure].update((key.tenant_id, id) for id in key.subject_ids)
        counted = {
            like: await read_counts(self.database, *like, subjects) for like, subjects in alike.items()
        }
        return [_of(key, counted[key.time_zone, key.measure]) for key in keys]


def _of(key: ManyKey, counted: Mapping[SubjectKey, Cells]) -> dict[int, Cells]:
    return {id: cells for id in key.subject_ids if (cells := counted.get((key.tenant_id, id)))}


async def read_counts(
    database: Database, zone: str, measure: Measure, subjects: Collection[SubjectKey]
) -> dict[SubjectKey, Cells]:
    """`zone` is the reporting one of all the subjects' tenants."""
    counted: defaultdict[SubjectKey, Cells] = defaultdict(dict)
    parts = pieces(measure.spans, time_zone(zone))
    tiers = _tiers(parts, measure)
    if not tiers or not subjects:
        return counted
    rows = await database.fetch(
        counts_statement(tiers, measure.dimensions, measure.domain is not None),
        tenants=list({tenant_id for tenant_id, _ in subjects}),
        subjects=[subject_id for _, subject_id in subjects],
        actions=list(measure.actions),
        domain=measure.domain,
        **_span_parameters(parts),
    )
    for tenant_id, subject_id, cell, count in rows:
        cells = counted[tenant_id, subject_id]
        cells[cell] = cells.get(cell, 0) + count
    return counted


def _tiers(parts: Pieces, measure: Measure) -> tuple[str, ...]:
    tiers = [tier for tier in ("months", "days", "edges") if getattr(parts, tier)]
    if parts.edges and Action.ENGAGED_VIEW in measure.actions:
        tiers.append("engaged")
    return tuple(tiers)


class _Tier(NamedTuple):
    table: Table
    time: ColumnElement[Any]
    type: TypeEngine[Any]
    sum: ColumnElement[int]
    action: ColumnElement[int]


_TIERS = {
    "months": _Tier(table_of(MonthTotal), MONTHS.month, Day(), func.sum(MONTHS.count), MONTHS.action),
    "days": _Tier(table_of(DayTotal), DAYS.day, Day(), func.sum(DAYS.count), DAYS.action),
    "edges": _Tier(table_of(Event), EVENTS.occurred_at, Instant(), func.count(), EVENTS.action),
    # Of edges, too: an engaged view is no event of its own.
    "engaged": _Tier(
        table_of(EngagedView),
        ENGAGED.occurred_at,
        Instant(),
        func.count(),
        literal_column(str(int(Action.ENGAGED_VIEW)), SmallInteger()),
    ),
}


def _span_parameters(parts: Pieces) -> dict[str, Any]:
    return {
        **span_parameters("months", parts.months),
        **span_parameters("days", parts.days),
        **span_parameters("edges", parts.edges),
        **span_parameters("engaged", parts.edges),
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
    source = part.join(tier.table, _within(tier, part))
    by: list[ColumnElement[Any]] = [totals.tenant_id, totals.subject_id, part.c.bucket]
    if name != "engaged":
        by.append(tier.action)
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
            tier.action,
            device,
            domain,
            cast(tier.sum, BigInteger),
        )
        .select_from(source)
        .where(among(totals.tenant_id, "tenants"), among(totals.subject_id, "subjects"))
        .group_by(*by)
    )
    if name != "engaged":
        statement = statement.where(among(tier.action, "actions"))
    if of_one_domain:
        named = select(DOMAINS.id).where(DOMAINS.name == bindparam("domain")).scalar_subquery()
        statement = statement.where(totals.domain_id == named)
    return statement


def _within(tier: _Tier, part: Any) -> ColumnElement[bool]:
    within: ColumnElement[bool] = (tier.time >= part.c.start) & (tier.time < part.c.stop)
    return within
