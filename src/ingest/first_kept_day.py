"""Moves the first day of which raw events are kept, when newer time zone rules move its start."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from base.calendar import Span, start_of_day
from base.time_units import DAY
from database import Database, bulk
from ingest.columns import EVENTS, TENANTS, VIEWS
from ingest.deltas import Days, packed_keys
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.linked_visits import add_linked_visits
from ingest.rebuild import mend_scope, rebuild
from ingest.recount import Recount, RecountScope, stored_event
from ingest.store import add_to_totals
from ingest.tenants import TenantRow
from ingest.visitor_sketches import add_to_sketches
from models import Action, Tenant


async def mend_first_kept_day(database: Database, tenant: TenantRow, to: ZoneInfo) -> None:
    """Call it before `move_first_kept_day`, which may count this day for the last time, in one pass.

    Totals by the hour count engaged views as they are stored, so they are right in a pass after these are.
    """
    if tenant.pruned_before and start_of_day(tenant.pruned_before, to) < tenant.kept_from:
        await rebuild(database, tenant.id, tenant.pruned_before, tenant.pruned_before + DAY)


async def move_first_kept_day(
    database: Database, session: AsyncSession, tenant: TenantRow, to: ZoneInfo
) -> None:
    """Keeps anything from being counted twice, or lost. The session must have locked the tenant, whose days
    are still those of its older rules.
    """
    if tenant.pruned_before is None:
        return
    start = start_of_day(tenant.pruned_before, to)
    if start < tenant.kept_from:
        await _close(database, session, tenant, to)
    if start > tenant.kept_from:
        await _count_before(session, tenant, to)


async def _close(database: Database, session: AsyncSession, tenant: TenantRow, to: ZoneInfo) -> None:
    """For a day that now begins earlier. Events of the earlier time are gone, and were counted on the day
    before. So what is kept of this day is counted for the last time, and the next day becomes the first kept
    one.
    """
    assert tenant.pruned_before
    after = tenant.pruned_before + DAY
    # Its events are kept from where it began by the older rules.
    await mend_scope(
        database, session, RecountScope.touched_months(tenant._replace(zone=to), tenant.pruned_before, after)
    )
    await session.execute(update(Tenant).where(TENANTS.id == tenant.id).values(pruned_before=after))


async def _count_before(session: AsyncSession, tenant: TenantRow, to: ZoneInfo) -> None:
    """For a day that now begins later. The events before its new start belong to the day before, of which
    nothing else is kept. So they are added to that day.
    """
    moved = tenant.by(to)
    span = Span(tenant.kept_from, moved.kept_from)
    events = await _events_within(session, tenant.id, span)
    recount = Recount(moved)
    recount.add([*events, *await _engaged_views_within(session, tenant.id, span)])
    writer = await bulk(session)
    await add_to_totals(writer, packed_keys(recount.totals))
    columns = EventColumns.of(events)
    days = Days({tenant.id: to})
    column = days.column(columns.tenant_ids, columns.instants)
    await add_to_sketches(writer, columns, column)
    await add_linked_visits(writer, columns, column, days)


async def _events_within(session: AsyncSession, tenant_id: int, span: Span) -> list[NewEvent]:
    names = ("subject_id", "action", "occurred_at", "device", "domain_id", "user_id", "visitor")
    columns = [EVENTS[name] for name in names]
    rows = await session.execute(select(*columns).where(*_within(EVENTS, tenant_id, span)))
    return [stored_event(tenant_id, *row) for row in rows]


async def _engaged_views_within(session: AsyncSession, tenant_id: int, span: Span) -> list[NewEvent]:
    columns = (VIEWS.subject_id, VIEWS.occurred_at, VIEWS.device, VIEWS.domain_id)
    rows = await session.execute(select(*columns).where(*_within(VIEWS, tenant_id, span)))
    return [stored_event(tenant_id, subject_id, Action.ENGAGED_VIEW, *row) for subject_id, *row in rows]


def _within(columns: Any, tenant_id: int, span: Span) -> list[ColumnElement[bool]]:
    return [
        columns.tenant_id == tenant_id,
        columns.occurred_at >= span.start,
        columns.occurred_at < span.end,
    ]
