"""New events and every total they change, in the transaction of the caller."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table, case, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from base.calendar import time_zone
from database import insert_into, table_of
from ingest.deltas import Deltas, TotalKey, deltas
from ingest.events import NewEvent
from models import ActiveUser, DayTotal, Domain, Event, MonthTotal, Tenant

EventKey = tuple[int, UUID]


async def store(session: AsyncSession, events: Sequence[NewEvent]) -> set[EventKey]:
    """The (tenant, id) of those that are new; an id seen before, or earlier in `events`, changes nothing."""
    if not events:
        return set()
    unique = {(event.tenant_id, event.id): event for event in reversed(events)}
    # Writers that lock in one order never wait for each other in a circle.
    ordered = [unique[key] for key in sorted(unique)]
    domain_ids = await _domain_ids(session, {event.domain for event in ordered if event.domain})
    new = await _insert_events(session, ordered, domain_ids)
    zones = await _zones(session, {tenant_id for tenant_id, _ in new})
    await _add(session, deltas((unique[key] for key in new), zones), domain_ids)
    return new


async def _insert_events(
    session: AsyncSession, events: Sequence[NewEvent], domain_ids: Mapping[str, int]
) -> set[EventKey]:
    table = table_of(Event)
    rows = [_event_row(event, domain_ids) for event in events]
    statement = insert_into(session, Event).on_conflict_do_nothing()
    inserted = await session.execute(statement.returning(table.c.tenant_id, table.c.id), rows)
    return {(tenant_id, id) for tenant_id, id in inserted}


def _event_row(event: NewEvent, domain_ids: Mapping[str, int]) -> dict[str, Any]:
    row = event._asdict()
    domain = row.pop("domain")
    return row | {
        "action": int(event.action),
        "device": int(event.device),
        "domain_id": domain_ids[domain] if domain else 0,
    }


async def _domain_ids(session: AsyncSession, names: set[str]) -> dict[str, int]:
    if not names:
        return {}
    domains = table_of(Domain).c
    known = select(domains.name, domains.id).where(domains.name.in_(names))
    ids: dict[str, int] = dict((await session.execute(known)).all())
    if missing := sorted(names - ids.keys()):
        rows = [{"name": name} for name in missing]
        await session.execute(insert_into(session, Domain).values(rows).on_conflict_do_nothing())
        ids = dict((await session.execute(known)).all())
    return ids


async def _zones(session: AsyncSession, tenant_ids: set[int]) -> dict[int, ZoneInfo]:
    tenants = table_of(Tenant).c
    rows = await session.execute(select(tenants.id, tenants.time_zone).where(tenants.id.in_(tenant_ids)))
    return {tenant_id: time_zone(name) for tenant_id, name in rows}


async def _add(session: AsyncSession, changes: Deltas, domain_ids: Mapping[str, int]) -> None:
    await _add_totals(session, DayTotal, "day", changes.days.items(), domain_ids)
    await _add_totals(session, MonthTotal, "month", changes.months.items(), domain_ids)
    await _touch_active_users(session, changes)


async def _add_totals(
    session: AsyncSession,
    model: type[SQLModel],
    period: str,
    counts: Iterable[tuple[TotalKey, int]],
    domain_ids: Mapping[str, int],
) -> None:
    table = table_of(model)
    rows = [
        {
            "tenant_id": key.tenant_id,
            "subject_id": key.subject_id,
            "action": int(key.action),
            period: key.first_day,
            "device": int(key.device),
            "domain_id": domain_ids[key.domain] if key.domain else 0,
            "count": count,
        }
        for key, count in sorted(counts)
    ]
    if rows:
        statement = insert_into(session, model)
        added = {"count": table.c.count + statement.excluded.count}
        await session.execute(statement.on_conflict_do_update(index_elements=_key(table), set_=added), rows)


async def _touch_active_users(session: AsyncSession, changes: Deltas) -> None:
    table = table_of(ActiveUser)
    rows = [
        {**key._asdict(), "subject_kind": int(key.subject_kind), "last_active_at": at}
        for key, at in sorted(changes.active.items())
    ]
    if rows:
        statement = insert_into(session, ActiveUser)
        known, given = table.c.last_active_at, statement.excluded.last_active_at
        later = {"last_active_at": case((given > known, given), else_=known)}
        await session.execute(statement.on_conflict_do_update(index_elements=_key(table), set_=later), rows)


def _key(table: Table) -> list[Any]:
    return list(table.primary_key.columns)
