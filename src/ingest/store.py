"""Stores new events and every total that they change, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from itertools import compress
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from base.errors import Unavailable
from base.numbers import LARGEST
from base.sketches import sketching
from database import Bulk, in_bulk
from ingest.deltas import (
    Days,
    DomainIds,
    SubjectKey,
    TotalKey,
    by_month,
    by_subject,
    last_active,
    total_deltas,
)
from ingest.domain_caps import USUAL_CAPS, DomainCaps, cap_domains
from ingest.engaged_views import first_interactions, store_engaged_views
from ingest.events import NewEvent
from ingest.tenants import share_tenants
from ingest.topics import topics_of, touch
from ingest.visitor_sketches import add_to_sketches, link_visitors
from models import ActiveUser, DayTotal, Event, MonthTotal, SubjectTotal

EventKey = tuple[int, UUID]

# A total never becomes larger than BigInt can hold. Otherwise no later event could be stored.
_ADDED = (
    f"count = CASE WHEN t.count > {LARGEST} - excluded.count THEN {LARGEST} ELSE t.count + excluded.count END"
)

_LATER = (
    "last_active_at = CASE WHEN excluded.last_active_at > t.last_active_at "
    "THEN excluded.last_active_at ELSE t.last_active_at END"
)


async def store(session: AsyncSession, events: Sequence[NewEvent]) -> set[EventKey]:
    """Stores events in the caller's transaction. Returns the (tenant, id) of the new ones; the others change
    nothing.

    Raises UNAVAILABLE while a tenant is counted anew.
    """
    if not events:
        return set()
    await sketching.ready()
    are_new = await in_bulk(session, lambda bulk: store_in_bulk(bulk, events))
    if None in are_new:
        raise counted_anew()
    new = list(compress(events, are_new))
    touch(session, *topics_of(new))
    return {(event.tenant_id, event.id) for event in new}


def counted_anew() -> Unavailable:
    return Unavailable("These figures are being counted anew. Try again shortly.", retry_after=5)


async def store_in_bulk(
    bulk: Bulk, events: Sequence[NewEvent], caps: DomainCaps = USUAL_CAPS
) -> list[bool | None]:
    """Stores events. Says of each whether it is new; None if its tenant is locked, so that it was left for
    later.

    An id that was stored before, or is earlier in `events`, changes nothing. An event of pruned days changes
    nothing either: it may have been counted before.
    """
    places: dict[tuple[int, int], int] = {}
    for place, event in enumerate(events):
        places.setdefault((event.tenant_id, event.id.int), place)
    tenants = await share_tenants(bulk, {tenant_id for tenant_id, _ in places})
    # Writers that lock in one order never wait for each other in a circle.
    ordered = [
        places[key]
        for key in sorted(places)
        if key[0] in tenants and tenants[key[0]].takes(events[places[key]])
    ]
    unique = [events[place] for place in ordered]
    days = Days({id: tenant.zone for id, tenant in tenants.items()})
    unique, domain_ids = await cap_domains(bulk, unique, days, caps)
    inserted = await bulk.insert_new(Event, [_row(event, domain_ids) for event in unique])
    await _count(bulk, list(compress(unique, inserted)), days, domain_ids)
    are_new: list[bool | None] = [False if event.tenant_id in tenants else None for event in events]
    for place in compress(ordered, inserted):
        are_new[place] = True
    return are_new


async def _count(bulk: Bulk, events: Sequence[NewEvent], days: Days, domain_ids: DomainIds) -> None:
    counts = total_deltas(events, days, domain_ids)
    counts.update(await store_engaged_views(bulk, first_interactions(events, domain_ids), days))
    await add_to_totals(bulk, counts)
    await _touch_active_users(bulk, events)
    await add_to_sketches(bulk, events, days)
    await link_visitors(bulk, events)


def _row(event: NewEvent, domain_ids: DomainIds) -> tuple[object, ...]:
    """In the order of the table's columns."""
    tenant_id, id, subject_id, action, occurred_at, device, domain, view_id, user_id, visitor, *_ = event
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


async def add_to_totals(writer: Bulk, by_day: Counter[TotalKey]) -> None:
    await _add(writer, DayTotal, by_day)
    await _add(writer, MonthTotal, by_month(by_day))
    await _add(writer, SubjectTotal, by_subject(by_day))


async def _add(writer: Bulk, model: type[SQLModel], counts: Counter[TotalKey] | Counter[SubjectKey]) -> None:
    rows = [(*key, count) for key, count in sorted(counts.items())]
    await writer.upsert(model, rows, _ADDED)


async def _touch_active_users(writer: Bulk, events: Sequence[NewEvent]) -> None:
    rows = [(*key, at) for key, at in sorted(last_active(events).items())]
    await writer.upsert(ActiveUser, rows, _LATER)
