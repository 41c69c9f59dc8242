"""Stores new events and every total that they change, in one transaction."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import compress
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from base.arrays import are_for_arrays
from base.errors import Unavailable
from base.numbers import LARGEST
from base.packed import packed_instant
from base.sketches import sketching
from database import Bulk, Upsert, in_bulk
from ingest.attendance import attend
from ingest.deleted_subjects import are_there
from ingest.deltas import (
    Days,
    PackedKey,
    active_rows,
    count_by_day,
    count_by_month,
    count_by_subject,
)
from ingest.domain_caps import USUAL_CAPS, DomainCaps, capped_domain_ids
from ingest.engaged_views import Changes, first_interactions, store_engaged_views
from ingest.erased_users import without_erased
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.hour_totals import Happened, add_to_hours, folded_from
from ingest.id_columns import order_of
from ingest.linked_visits import add_linked_visits
from ingest.running_imports import require_no_undo
from ingest.segments import Segments
from ingest.tenants import TenantRow, share_tenants
from ingest.topics import topics_of, touch
from ingest.total_columns import total_columns
from ingest.visitor_links import link_visitors
from ingest.visitor_sketches import add_to_sketches
from models import Action, ActiveUser, DayTotal, Event, ImportTenant, MonthTotal, SubjectTotal

EventKey = tuple[int, UUID]


class Gone(Enum):
    """What the store says of an event whose subject was deleted."""

    GONE = "gone"

    def __bool__(self) -> bool:
        return False


Stored: TypeAlias = bool | Gone | None
"""Whether an event is new; None if its tenant is locked, so that it was left for later."""


# A total never becomes larger than BigInt can hold. Otherwise no later event could be stored.
_ADDED = (
    f"count = CASE WHEN t.count > {LARGEST} - excluded.count THEN {LARGEST} ELSE t.count + excluded.count END"
)

_LATER = (
    "last_active_at = CASE WHEN excluded.last_active_at > t.last_active_at "
    "THEN excluded.last_active_at ELSE t.last_active_at END"
)


_BROUGHT = (
    "first_at = CASE WHEN excluded.first_at < t.first_at THEN excluded.first_at ELSE t.first_at END, "
    "last_at = CASE WHEN excluded.last_at > t.last_at THEN excluded.last_at ELSE t.last_at END, "
    "events = t.events + excluded.events"
)


async def store(session: AsyncSession, events: Sequence[NewEvent]) -> set[EventKey]:
    """Stores events in the caller's transaction. Returns the (tenant, id) of the new ones; the others change
    nothing.

    Raises UNAVAILABLE while a tenant is counted anew.
    """
    if not events:
        return set()
    await sketching.ready()
    columns = EventColumns.of(events)
    are_new = await in_bulk(session, lambda bulk: store_in_bulk(bulk, columns))
    if None in are_new:
        raise counted_anew()
    touch(session, *topics_of(columns.where(are_new)))
    return {(event.tenant_id, event.id) for event in compress(events, are_new)}


def counted_anew() -> Unavailable:
    return Unavailable("These figures are being counted anew. Try again shortly.", retry_after=5)


async def store_in_bulk(
    bulk: Bulk,
    events: EventColumns,
    caps: DomainCaps = USUAL_CAPS,
    import_id: int | None = None,
    segments: Segments | None = None,
) -> list[Stored]:
    """Stores events, and says what became of each. `import_id` is the number of the import that brings them.
    Without `segments`, those that are stored are asked for, which takes longer.

    An id that was stored before, or is earlier in `events`, changes nothing. An event of pruned days changes
    nothing either: it may have been counted before.

    Raises CONFLICT if the import is being undone.
    """
    if import_id is not None:
        await require_no_undo(bulk, import_id)
    tenants = await share_tenants(bulk, set(events.tenant_ids))
    events = await without_erased(bulk, events, tenants)
    acted = zip(events.tenant_ids, events.actions, events.subject_ids, strict=True)
    there = await are_there(bulk, acted, tenants)
    segments = segments or Segments()
    if there is None or all(there):
        return await _stored(bulk, events, tenants, caps, import_id, segments)
    stored = iter(await _stored(bulk, events.where(there), tenants, caps, import_id, segments))
    return [next(stored) if is_there else Gone.GONE for is_there in there]


async def _stored(
    bulk: Bulk,
    events: EventColumns,
    tenants: Mapping[int, TenantRow],
    caps: DomainCaps,
    import_id: int | None,
    segments: Segments,
) -> list[Stored]:
    # Writers that lock in one order never wait for each other in a circle.
    places = _taken(events, _first_places(events), tenants)
    unique = events.at(places)
    days = Days({id: tenant.zone for id, tenant in tenants.items()})
    column = days.column(unique.tenant_ids, unique.instants)
    domain_ids = await capped_domain_ids(bulk, unique, column, caps)
    rows = _columns(unique, domain_ids, import_id, await segments.column(bulk, unique))
    are_inserted = await bulk.packed.insert_columns(Event, rows)
    if not all(are_inserted):
        places = list(compress(places, are_inserted))
        domain_ids = list(compress(domain_ids, are_inserted))
        column = list(compress(column, are_inserted))
        unique = unique.where(are_inserted)
    await _count(bulk, unique, domain_ids, column, days, tenants)
    if import_id is not None:
        await bulk.packed.upsert(ImportTenant, brought_rows(import_id, unique), _BROUGHT)
    if len(places) == events.size:
        return [True] * events.size
    are_new: list[Stored] = [False if tenant_id in tenants else None for tenant_id in events.tenant_ids]
    for place in places:
        are_new[place] = True
    return are_new


def _first_places(events: EventColumns) -> list[int]:
    """The place of each key, in the order of the keys. Of two events with one key it is the first."""
    places = range(events.size)
    if len(set(events.ids)) < events.size:
        keys = list(zip(events.tenant_ids, events.ids, strict=True))
        places_of_keys = dict(zip(reversed(keys), reversed(places), strict=True))
        return [places_of_keys[key] for key in sorted(places_of_keys)]
    # To sort by each column alone takes less.
    return sorted(order_of(events.ids), key=events.tenant_ids.__getitem__)


def _taken(events: EventColumns, places: list[int], tenants: Mapping[int, TenantRow]) -> list[int]:
    """The places of events that can be counted now."""
    oldest = max((packed_instant(tenant.kept_from) for tenant in tenants.values()), default=0)
    if len(tenants) == len(set(events.tenant_ids)) and min(events.instants, default=0) >= oldest:
        return places
    ids, instants, actions = events.tenant_ids, events.instants, events.actions
    return [
        place
        for place in places
        if (tenant := tenants.get(ids[place])) and tenant.takes_at(instants[place], actions[place])
    ]


def brought_rows(import_id: int, events: EventColumns) -> list[tuple[int, ...]]:
    """What an import has brought for each tenant, as sorted rows of the table."""
    instants: defaultdict[int, list[int]] = defaultdict(list)
    for tenant_id, at in zip(events.tenant_ids, events.instants, strict=True):
        instants[tenant_id].append(at)
    return [(import_id, id, min(own), max(own), len(own)) for id, own in sorted(instants.items())]


def _columns(
    events: EventColumns,
    domain_ids: Sequence[int],
    import_id: int | None,
    segments: Sequence[int | None],
) -> list[Sequence[Any]]:
    """In the order of the table's columns."""
    return [
        events.tenant_ids,
        events.ids,
        events.subject_ids,
        events.actions,
        events.devices,
        domain_ids,
        events.instants,
        events.view_ids,
        events.user_ids,
        events.visitors,
        [import_id] * events.size,
        segments,
    ]


async def _count(
    bulk: Bulk,
    events: EventColumns,
    domain_ids: Sequence[int],
    column: Sequence[int],
    days: Days,
    tenants: Mapping[int, TenantRow],
) -> None:
    """`column`: the days of the events."""
    engaged = await store_engaged_views(bulk, first_interactions(events, domain_ids))
    by_day = engaged.by_day(days)
    totals = total_columns(events, column, domain_ids, by_day) if are_for_arrays(column) else None
    if totals:
        await bulk.packed.upsert_columns(DayTotal, totals.days, _ADDED)
        await bulk.packed.upsert_columns(MonthTotal, totals.months, _ADDED)
        await bulk.packed.upsert_columns(SubjectTotal, totals.subjects, _ADDED)
    else:
        counts = count_by_day(events, column, domain_ids)
        counts.update(by_day)
        await add_to_totals(bulk, counts)
    if min(events.instants, default=0) < folded_from(tenants.values()):
        await add_to_hours(bulk, tenants, _happened(events, domain_ids, engaged))
        await attend(bulk, tenants, events)
    await bulk.packed.upsert(ActiveUser, active_rows(events), _LATER)
    await add_to_sketches(bulk, events, column)
    await add_linked_visits(bulk, events, column, days, await link_visitors(bulk, events))


def _happened(events: EventColumns, domain_ids: Sequence[int], engaged: Changes) -> Iterator[Happened]:
    columns = (events.tenant_ids, events.subject_ids, events.actions, events.instants, events.devices)
    yield from map(Happened, *columns, domain_ids)
    for numbers, number in ((engaged.counted, 1), (engaged.gone, -1)):
        for tenant_id, _, subject_id, _, at, device, domain_id in numbers:
            yield Happened(tenant_id, subject_id, int(Action.ENGAGED_VIEW), at, device, domain_id, number)


async def add_to_totals(bulk: Bulk, by_day: Mapping[PackedKey, int]) -> None:
    by_month = count_by_month(by_day)
    counts = ((DayTotal, by_day), (MonthTotal, by_month), (SubjectTotal, count_by_subject(by_month)))
    await bulk.packed.upsert_each([Upsert(model, _rows(counted), _ADDED) for model, counted in counts])


def _rows(counts: Mapping[Any, int]) -> list[tuple[Any, ...]]:
    return [(*key, count) for key, count in sorted(counts.items())]
