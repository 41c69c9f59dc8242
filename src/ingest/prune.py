"""`viewgraph prune`: drops old raw events, and who came on their days. Their totals stay."""

from asyncio import sleep
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, col

from base.arrays import arrays
from base.attendance import hours_within, only_within
from base.calendar import day_of, start_of_day
from base.time_units import DAY, MICROSECOND
from database import Database, bulk, delete_rows, drop_partitions, table_of
from ingest.attendance import CHANGED
from ingest.columns import ATTENDANCES, EVENTS, VISITS
from ingest.fold_claims import Busy
from ingest.folding import LATEST, fold, foldable_before, is_folded
from ingest.tenants import TenantGone, TenantRow, lock_tenant, read_tenant
from models import HOURS, Attendance, Event, LinkedVisit, Tenant

_ROWS_OF_A_TRANSACTION = 5_000
_PATIENCE = 0.5
"""In seconds: how long it waits before it looks again whether another process has folded the days."""


class Pruned(NamedTuple):
    partitions: list[str]
    """Partitions that were dropped as a whole."""
    events: int
    """How many events were deleted one by one."""


async def prune(
    database: Database,
    tenant_ids: Iterable[int],
    now: datetime,
    *,
    keep: timedelta,
    on_tenant: Callable[[], object] = lambda: None,
) -> Pruned:
    """Drops the events of reporting days that are more than `keep` before each tenant's today. `tenant_ids`
    must be all tenants that have events.

    First these days are folded into totals by the hour. Then each tenant stops taking events of them, and
    then the events are dropped. So a recount at the same time knows which days are complete, and an event
    that is sent again is not counted again.
    """
    tenants = []
    clock = _clock(now)
    for id in tenant_ids:
        with suppress(TenantGone):
            tenants.append(await _closed(database, id, clock, keep))
    kept = {tenant.id: tenant.kept_from for tenant in tenants if tenant.pruned_before}
    partitions = await drop_partitions(database, kept)
    events = 0
    for tenant in tenants:
        if tenant.pruned_before:
            events += await _delete(database, tenant)
            await _forget_people(database, tenant)
        on_tenant()
    return Pruned(partitions, events)


def _clock(now: datetime) -> Callable[[], datetime]:
    began = now - timedelta(seconds=monotonic())
    return lambda: began + timedelta(seconds=monotonic())


async def _closed(
    database: Database, tenant_id: int, clock: Callable[[], datetime], keep: timedelta
) -> TenantRow:
    """The tenant stops taking old events, unless it has none."""
    now = clock()
    while True:
        async with database.snapshot() as connection:
            tenant = await read_tenant(connection, tenant_id)
            if not await _has_before(connection, tenant, _first_kept(now, tenant.zone, keep)):
                return tenant
        await _fold(database, tenant_id, clock, _end_in_utc(_first_kept(now, tenant.zone, keep), tenant.zone))
        async with database.writing() as session:
            tenant = await lock_tenant(session, tenant_id)
            first_kept = _first_kept(now, tenant.zone, keep)
            if tenant.pruned_before and tenant.pruned_before >= first_kept:
                return tenant
            # Until now, late events may have come on days that had none to be folded.
            if await is_folded(session, tenant_id, _end_in_utc(first_kept, tenant.zone)):
                closed = update(Tenant).where(col(Tenant.id) == tenant_id)
                await session.execute(closed.values(pruned_before=first_kept))
                return tenant.pruned(first_kept)


async def _has_before(connection: AsyncConnection, tenant: TenantRow, first_kept: date) -> bool:
    start = start_of_day(first_kept, tenant.zone)
    old = select(literal(1)).where(EVENTS.tenant_id == tenant.id, EVENTS.occurred_at < start).limit(1)
    return await connection.scalar(old) is not None


def _first_kept(now: datetime, zone: ZoneInfo, keep: timedelta) -> date:
    """It is a day earlier if the last day in UTC to be folded has not been over for long enough. So it is for
    an hour on the Azores, where clocks change at midnight.
    """
    first: date = day_of(now, zone) - keep
    return first if _end_in_utc(first, zone) <= foldable_before(now, LATEST) else first - DAY


def _end_in_utc(first_kept: date, zone: ZoneInfo) -> date:
    """The day before which all days in UTC have to be folded, so that earlier events can be dropped."""
    last = (start_of_day(first_kept, zone) - MICROSECOND).astimezone(UTC)
    end: date = last.date() + DAY
    return end


async def _fold(database: Database, tenant_id: int, clock: Callable[[], datetime], before: date) -> None:
    """From then on, no answer in whole hours needs events of days before this one."""
    while True:
        try:
            return await fold(database, tenant_id, clock, before)
        except Busy:
            await sleep(_PATIENCE)


async def _delete(database: Database, tenant: TenantRow) -> int:
    """Deletes some at a time, and then waits for as long as that took, so that others can write."""
    deleted, subject_id = 0, 0
    while True:
        started = monotonic()
        rows = await _delete_some(database, tenant, subject_id)
        if not rows:
            return deleted
        deleted += len(rows)
        subject_id = rows[-1]
        await sleep(monotonic() - started)


async def _delete_some(database: Database, tenant: TenantRow, subject_id: int) -> list[int]:
    """Deletes events from a subject on, and returns the subjects of the deleted events. Earlier subjects are
    not read again.
    """
    old = (
        select(EVENTS.id, EVENTS.subject_id)
        .where(
            EVENTS.tenant_id == tenant.id,
            EVENTS.subject_id >= subject_id,
            EVENTS.occurred_at < tenant.kept_from,
        )
        .order_by(EVENTS.subject_id, EVENTS.occurred_at)
        .limit(_ROWS_OF_A_TRANSACTION)
    )
    async with database.writing() as session:
        rows = (await session.execute(old)).all()
        ids = [id for id, _ in rows]
        if ids:
            await session.execute(
                delete(table_of(Event)).where(EVENTS.tenant_id == tenant.id, EVENTS.id.in_(ids))
            )
    return [subject for _, subject in rows]


async def _forget_people(database: Database, tenant: TenantRow) -> None:
    """On days and in hours that were over before the first event that is kept. Whoever drops events wants
    nobody to know any more who came when.
    """
    await arrays.ready()
    first = tenant.kept_from.astimezone(UTC)
    await _delete_rows(database, tenant, Attendance, ATTENDANCES.day < first.date())
    await _delete_rows(database, tenant, LinkedVisit, VISITS.day < tenant.pruned_before)
    if first.hour:
        with suppress(TenantGone):
            await _forget_hours(database, tenant.id, first)


async def _forget_hours(database: Database, tenant_id: int, first: datetime) -> None:
    """Who came in the hours of this day, in UTC, that were over before the instant."""
    hours = hours_within(first.hour, len(HOURS))
    is_cut = (ATTENDANCES.tenant_id == tenant_id, ATTENDANCES.day == first.date())
    async with database.writing() as session:
        await lock_tenant(session, tenant_id)
        rows = (await session.execute(select(*table_of(Attendance).columns).where(*is_cut))).all()
        cut = sorted((*key, left) for *key, people in rows if (left := only_within(people, hours)) != people)
        await (await bulk(session)).upsert(Attendance, [row for row in cut if row[-1]], CHANGED)
        await delete_rows(session, Attendance, [row[:-1] for row in cut if not row[-1]])


async def _delete_rows(
    database: Database, tenant: TenantRow, model: type[SQLModel], is_old: ColumnElement[bool]
) -> None:
    table = table_of(model)
    old = select(*table.primary_key.columns).where(table.c.tenant_id == tenant.id, is_old)
    while True:
        started = monotonic()
        async with database.writing() as session:
            rows = (await session.execute(old.limit(_ROWS_OF_A_TRANSACTION))).all()
            # Writers that lock in one order never wait for each other in a circle.
            await delete_rows(session, model, sorted(map(tuple, rows)))
        if not rows:
            return
        await sleep(monotonic() - started)
