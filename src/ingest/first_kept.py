"""The first day of which raw events are kept, when newer rules of the time zone move its start."""

from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from base.calendar import start_of_day
from base.time_units import DAY
from database import Database, bulk
from ingest.columns import EVENTS, TENANTS, VIEWS
from ingest.deltas import Days
from ingest.rebuild import mend_scope
from ingest.recount import Recount, RecountScope, stored_event
from ingest.sketches import sketch
from ingest.store import add_to_totals
from ingest.tenants import TenantRow
from models import Action, Tenant


async def move_first_kept(database: Database, session: AsyncSession, tenant: TenantRow, to: ZoneInfo) -> None:
    """Nothing is counted twice then, or lost. While the session has the tenant alone, whose days are still
    those of its older rules.
    """
    if tenant.pruned_before is None:
        return
    start = start_of_day(tenant.pruned_before, to)
    if start < tenant.kept_from:
        await _close(database, session, tenant, to)
    if start > tenant.kept_from:
        await _count_before(session, tenant, to)


async def _close(database: Database, session: AsyncSession, tenant: TenantRow, to: ZoneInfo) -> None:
    """It begins where events are gone that were counted on the day before: what is kept of it is counted for
    the last time.
    """
    assert tenant.pruned_before
    after = tenant.pruned_before + DAY
    # It is kept from where it began.
    await mend_scope(
        database, session, RecountScope.touched_months(tenant._replace(zone=to), tenant.pruned_before, after)
    )
    await session.execute(update(Tenant).where(TENANTS.id == tenant.id).values(pruned_before=after))


async def _count_before(session: AsyncSession, tenant: TenantRow, to: ZoneInfo) -> None:
    """What happened between where it began and where it begins is of the day before now, of which no more is
    kept: so it is added there.
    """
    moved = tenant.by(to)
    columns = ("subject_id", "action", "occurred_at", "device", "domain_id", "user_id", "visitor")
    events = [
        stored_event(tenant.id, *row)
        for row in await session.execute(
            select(*(EVENTS[name] for name in columns)).where(
                EVENTS.tenant_id == tenant.id,
                EVENTS.occurred_at >= tenant.kept_from,
                EVENTS.occurred_at < moved.kept_from,
            )
        )
    ]
    engaged = [
        stored_event(tenant.id, subject_id, Action.ENGAGED_VIEW, *row)
        for subject_id, *row in await session.execute(
            select(VIEWS.subject_id, VIEWS.occurred_at, VIEWS.device, VIEWS.domain_id).where(
                VIEWS.tenant_id == tenant.id,
                VIEWS.occurred_at >= tenant.kept_from,
                VIEWS.occurred_at < moved.kept_from,
            )
        )
    ]
    recount = Recount(moved)
    recount.add([*events, *engaged])
    writer = await bulk(session)
    await add_to_totals(writer, recount.totals)
    await sketch(writer, events, Days({tenant.id: to}))
