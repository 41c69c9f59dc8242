"""`viewgraph rebuild`: mends totals by the raw events, while events come in."""

from collections.abc import AsyncIterator
from datetime import date
from typing import NamedTuple, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from audit import Act, Actor, Change, owner_of, record
from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.errors import Conflict
from base.time_units import DAY
from base.zones import rules_of
from database import Bulk, Database, bulk, delete_rows, table_of
from ingest.discrepancies import discrepancies
from ingest.discrepancy import Discrepancy
from ingest.fold_claims import end_fold
from ingest.publication_revisions import raise_revision
from ingest.recount import RecountScope
from ingest.tenants import lock_tenant, read_tenant
from ingest.zone_rules import TenantClock, store_clock, store_rules
from models import EngagedView, Publication, User

T = TypeVar("T")

_AT_A_TIME = 1_000
_ROUNDS = 5


class Rebuilt(NamedTuple):
    rows: int
    """How many rows were wrong."""
    pruned_before: date | None
    """The days before it stay as they are. It is None if all days that were asked for are counted anew."""


async def rebuild(database: Database, tenant_id: int, first: date, stop: date) -> Rebuilt:
    """Mends the days from `first` up to `stop`, and their months.

    While a tenant is locked, none of its events are taken in. So it first looks for what is wrong without a
    lock, and locks the tenant only to count those days anew. It repeats this until nothing is wrong: a view
    whose row was wrong may have had another interaction in the meantime.
    """
    rows = 0
    for _ in range(_ROUNDS):
        scope, wrong = await _looked_at(database, tenant_id, first, stop)
        if not wrong:
            break
        async with database.writing() as session:
            tenant = await lock_tenant(session, tenant_id)
            rows += await mend_scope(database, session, RecountScope.touched_months(tenant, *wrong))
    return Rebuilt(rows, scope.pruned_before(first))


async def change_time_zone(database: Database, tenant_id: int, name: str, by: Actor) -> int:
    """Counts everything anew in another time zone, and returns how many rows changed.

    Raises CONFLICT if raw events were pruned: nobody knows on which days these would be.
    """
    async with database.writing() as session:
        tenant = await lock_tenant(session, tenant_id)
        if tenant.pruned_before:
            raise Conflict(
                f"Raw events before {tenant.pruned_before} were pruned, so that the totals cannot be "
                "counted anew: the reporting time zone stays as it is."
            )
        rules = rules_of(name)
        await store_rules(session, rules)
        await store_clock(session, tenant_id, TenantClock(name, rules.key))
        owner = await owner_of(session, tenant_id)
        await record(
            session,
            by,
            Act.TIME_ZONE_CHANGED,
            owner.object,
            organization=owner.organization,
            account=owner.account,
            timeZone=Change(tenant.clock.time_zone, name),
        )
        scope = RecountScope.touched_months(tenant.by(rules.zone), FIRST_DAY, AFTER_LAST_DAY)
        return await mend_scope(database, session, scope)


async def _looked_at(
    database: Database, tenant_id: int, first: date, stop: date
) -> tuple[RecountScope, tuple[date, date] | None]:
    """Returns the scope that was counted anew, and from which day up to which day something is wrong.

    Totals of all time belong to no day, and are mended together with any. They come last.
    """
    wrong: tuple[date, date] | None = None
    async with database.snapshot() as connection:
        tenant = await read_tenant(connection, tenant_id)
        scope = RecountScope.touched_months(tenant, first, stop)
        async for discrepancy in discrepancies(connection, scope):
            days = [min(max(day, scope.first), stop - DAY) for day in discrepancy.days(tenant.zone)]
            wrong = _widened(wrong, days) if days else wrong or (stop - DAY, stop)
    return scope, wrong


def _widened(wrong: tuple[date, date] | None, days: list[date]) -> tuple[date, date]:
    start, end = wrong or (days[0], days[0] + DAY)
    return min(start, *days), max(end, *(day + DAY for day in days))


async def mend_scope(database: Database, session: AsyncSession, scope: RecountScope) -> int:
    """Mends the rows in scope, and returns how many were wrong. Cached figures of the tenant's publications
    become stale.

    While the session has locked the tenant, a snapshot sees the same as the session. So the snapshot can be
    read row by row while rows are written here.
    """
    writer = await bulk(session)
    owners = select(col(User.id)).where(col(User.tenant_id) == scope.tenant.id)
    await raise_revision(session, col(Publication.owner_id).in_(owners))
    mended = 0
    async with database.snapshot() as connection:
        async for batch in _batches(discrepancies(connection, scope)):
            if any(discrepancy.model is EngagedView for discrepancy in batch):
                await end_fold(session, scope.tenant)
            for model in {discrepancy.model: None for discrepancy in batch}:
                await _write(session, writer, model, [one for one in batch if one.model is model])
            mended += len(batch)
    return mended


async def _write(
    session: AsyncSession, writer: Bulk, model: type[SQLModel], batch: list[Discrepancy]
) -> None:
    rest = [column.name for column in table_of(model).columns if not column.primary_key]
    rows = [(*one.key, *one.counted) for one in batch if one.counted is not None]
    if rest:
        await writer.upsert(model, rows, ", ".join(f"{name} = excluded.{name}" for name in rest))
    else:
        await writer.insert_new(model, rows)
    await delete_rows(session, model, [one.key for one in batch if one.counted is None])


async def _batches(items: AsyncIterator[T]) -> AsyncIterator[list[T]]:
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == _AT_A_TIME:
            yield batch
            batch = []
    if batch:
        yield batch
