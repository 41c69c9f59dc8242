"""New events and every total they change, in the transaction of the caller."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from base.calendar import time_zone
from database import Bulk, bulk, insert_into, table_of
from ingest.deltas import Days, DomainIds, TotalKey, by_month, last_active, total_deltas
from ingest.engagement import engage, first_interactions
from ingest.events import NewEvent
from ingest.sketches import sketch
from models import ActiveUser, DayTotal, Domain, Event, MonthTotal, Tenant

EventKey = tuple[int, UUID]

_LATER = (
    "last_active_at = CASE WHEN excluded.last_active_at > t.last_active_at "
    "THEN excluded.last_active_at ELSE t.last_active_at END"
)


async def store(session: AsyncSession, events: Sequence[NewEvent]) -> set[EventKey]:
    """The (tenant, id) of those that are new; an id seen before, or earlier in `events`, changes nothing."""
    if not events:
        return set()
    unique = {(event.tenant_id, event.id): event for event in reversed(events)}
    # Writers that lock in one order never wait for each other in a circle.
    ordered = [unique[key] for key in sorted(unique)]
    days = Days(await _zones(session, {event.tenant_id for event in ordered}))
    domain_ids = await _domain_ids(session, {event.domain for event in ordered if event.domain})
    writer = await bulk(session)
    rows = await writer.insert_new(Event, [_row(event, domain_ids) for event in ordered])
    new = [unique[row[0], row[1]] for row in rows]
    counts = total_deltas(new, days, domain_ids)
    counts.update(await engage(session, writer, first_interactions(new, domain_ids), days))
    await add_to_totals(writer, counts)
    await _touch_active_users(writer, new)
    await sketch(session, writer, new, days)
    return {(event.tenant_id, event.id) for event in new}


def _row(event: NewEvent, domain_ids: DomainIds) -> tuple[object, ...]:
    """In the order of the table's columns."""
    tenant_id, id, subject_id, action, occurred_at, device, domain, view_id, user_id, visitor = event
    return (
        tenant_id,
        id,
        subject_id,
        action,
        device,
        domain_ids[domain],
        occurred_at,
        view_id,
        user_id,
        visitor,
    )


async def _zones(session: AsyncSession, tenant_ids: set[int]) -> dict[int, ZoneInfo]:
    """Locked against a change of the zone, which counts the tenant's events anew."""
    tenants = table_of(Tenant).c
    statement = select(tenants.id, tenants.time_zone).where(tenants.id.in_(tenant_ids)).order_by(tenants.id)
    rows = await session.execute(statement.with_for_update(read=True, key_share=True))
    return {tenant_id: time_zone(name) for tenant_id, name in rows}


async def _domain_ids(session: AsyncSession, names: set[str]) -> DomainIds:
    ids: dict[str | None, int] = {None: 0}
    if not names:
        return ids
    domains = table_of(Domain).c
    known = select(domains.name, domains.id).where(domains.name.in_(names))
    ids.update((name, id) for name, id in await session.execute(known))
    if missing := sorted(names - ids.keys()):
        rows = [{"name": name} for name in missing]
        await session.execute(insert_into(session, Domain).on_conflict_do_nothing(), rows)
        ids.update((name, id) for name, id in await session.execute(known))
    return ids


async def add_to_totals(writer: Bulk, by_day: Counter[TotalKey]) -> None:
    for model, counts in ((DayTotal, by_day), (MonthTotal, by_month(by_day))):
        rows = [(*key, count) for key, count in sorted(counts.items())]
        await writer.upsert(model, rows, "count = t.count + excluded.count")


async def _touch_active_users(writer: Bulk, events: Sequence[NewEvent]) -> None:
    rows = [(*key, at) for key, at in sorted(last_active(events).items())]
    await writer.upsert(ActiveUser, rows, _LATER)
