"""What is kept for how long. Older totals lose detail; what they add up to stays."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from operator import add
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select, update
from sqlmodel import SQLModel, col

from base.calendar import day_of, month_start, start_of_day
from database import Database, Statement, bulk, delete_rows, table_of
from ingest.columns import ACTIVE, ATTENDANCES, HOUR_TOTALS, VIEWS
from ingest.deletions.pace import Pace
from ingest.prune import prune
from ingest.tenants import TenantGone, TenantRow, lock_tenant, read_tenant, wait_to_share
from models import (
    ActiveUser,
    Attendance,
    DayTotal,
    EngagedView,
    HourTotal,
    ImportedTotal,
    LinkedVisit,
    MonthTotal,
    Tenant,
    VisitorSketch,
)

_WITH_SITES: Final[tuple[tuple[type[SQLModel], str], ...]] = (
    (DayTotal, "day"),
    (MonthTotal, "month"),
    (ImportedTotal, "day"),
    (HourTotal, "day"),
)


class Retention(NamedTuple):
    """In days. None is for ever."""

    events: int | None = None
    sites: int | None = None
    """How long totals say from which site events came."""
    day_totals: int | None = None
    """How long there are totals of single days, and what belongs to single days; totals of months stay."""

    @property
    def is_for_ever(self) -> bool:
        return self == KEPT_FOR_EVER


KEPT_FOR_EVER: Final = Retention()


async def keep_to(database: Database, tenant_ids: Iterable[int], now: datetime, retention: Retention) -> None:
    """Totals lose detail only on days whose events are pruned: on others they could be made again."""
    ids = list(tenant_ids)
    if retention.events is not None:
        await prune(database, ids, now, keep=timedelta(days=retention.events))
    if retention.sites is None and retention.day_totals is None:
        return
    for id in ids:
        with suppress(TenantGone):
            await _keep_of_tenant(database, id, now, retention)


async def _keep_of_tenant(database: Database, id: int, now: datetime, retention: Retention) -> None:
    async with database.snapshot() as connection:
        tenant = await read_tenant(connection, id)
    sites, days = _before(tenant, now, retention.sites), _before(tenant, now, retention.day_totals)
    if thinned := max(filter(None, (sites, days)), default=None):
        await _close(database, id, thinned)
    if sites:
        await _forget_sites(database, tenant, sites)
    if days:
        await _forget_days(database, tenant, days)


async def _close(database: Database, id: int, before: date) -> None:
    """Imports of totals are over, or see that they come too late: what they add to these days could be added
    again.
    """
    async with database.writing() as session:
        tenant = await lock_tenant(session, id)
        if tenant.thinned_before is None or tenant.thinned_before < before:
            changed = update(Tenant).where(col(Tenant.id) == id)
            await session.execute(changed.values(thinned_before=before))


def _before(tenant: TenantRow, now: datetime, days: int | None) -> date | None:
    """The first day of a month: a month that has events is counted from its days."""
    if tenant.pruned_before is None or days is None:
        return None
    return month_start(min(tenant.pruned_before, day_of(now, tenant.zone) - timedelta(days=days)))


async def _forget_sites(database: Database, tenant: TenantRow, before: date) -> None:
    pace = Pace()
    for model, name in _WITH_SITES:
        table = table_of(model)
        first_left = _in_utc(tenant, before) if model is HourTotal else before
        old = (table.c.tenant_id == tenant.id, table.c[name] < first_left, table.c.domain_id != 0)
        while rows := await _some(database, select(table).where(*old).limit(pace.size)):
            await _move(database, tenant.id, model, rows, pace)
    early = (VIEWS.tenant_id == tenant.id, VIEWS.occurred_at < start_of_day(before, tenant.zone))
    table = table_of(EngagedView)
    while rows := await _some(database, select(table).where(*early, VIEWS.domain_id != 0).limit(pace.size)):
        async with pace.turn(), database.writing(is_change=False) as session:
            place = list(table.columns).index(VIEWS.domain_id)
            changed = [(*row[:place], 0, *row[place + 1 :]) for row in rows]
            await (await bulk(session)).upsert(EngagedView, changed, "domain_id = excluded.domain_id")


async def _move(
    database: Database, tenant_id: int, model: type[SQLModel], rows: list[Any], pace: Pace
) -> None:
    """Adds the counts to the totals without a site. Each row is read again after it is locked."""
    table = table_of(model)
    columns = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key.columns]
    counted = [column for column in table.columns if not column.primary_key]
    added = ", ".join(f"{column.name} = t.{column.name} + excluded.{column.name}" for column in counted)
    async with pace.turn(), database.writing() as session:
        await wait_to_share(session, tenant_id)
        sums: dict[tuple[Any, ...], tuple[int, ...]] = {}
        for row in sorted(rows):
            named = dict(zip(columns, row, strict=True))
            is_it = [table.c[name] == named[name] for name in key]
            gone = await session.execute(delete(table).where(*is_it).returning(*counted))
            for counts in gone:
                without = tuple((named | {"domain_id": 0})[name] for name in columns if name in key)
                before = sums.get(without, (0,) * len(counted))
                sums[without] = tuple(map(add, before, counts))
        writer = await bulk(session)
        await writer.upsert(model, [(*names, *counts) for names, counts in sorted(sums.items())], added)


async def _forget_days(database: Database, tenant: TenantRow, before: date) -> None:
    """Figures of all time, and of months, stay as they are."""
    pace, start = Pace(), start_of_day(before, tenant.zone)
    old: list[tuple[type[SQLModel], Any]] = [
        # What a part of a day is counted from goes before the day: it may be subtracted from it.
        (EngagedView, VIEWS.occurred_at < start),
        (HourTotal, HOUR_TOTALS.day < _in_utc(tenant, before)),
        (Attendance, ATTENDANCES.day < _in_utc(tenant, before)),
        *((model, table_of(model).c.day < before) for model in (ImportedTotal, DayTotal)),
        # Without a sketch, a visit changes no figure.
        *((model, table_of(model).c.day < before) for model in (VisitorSketch, LinkedVisit)),
        (ActiveUser, ACTIVE.last_active_at < start),
    ]
    for model, is_old in old:
        table = table_of(model)
        keys = select(*table.primary_key.columns).where(table.c.tenant_id == tenant.id, is_old)
        while rows := await _some(database, keys.limit(pace.size)):
            async with pace.turn(), database.writing() as session:
                await session.connection()
                with pace.measured():
                    # Writers that lock in one order never wait for each other in a circle.
                    await delete_rows(session, model, sorted(rows))


def _in_utc(tenant: TenantRow, before: date) -> date:
    """The first day in UTC that is not over before a day of the reporting time zone begins."""
    return start_of_day(before, tenant.zone).astimezone(UTC).date()


async def _some(database: Database, statement: Any) -> list[Any]:
    return await database.fetch(Statement(statement, lambda *values: values))
