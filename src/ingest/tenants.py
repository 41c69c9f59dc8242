"""Tenants: by which clock their events are counted, and since when their events are kept."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Select, bindparam, exists, select, union
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from base.calendar import start_of_day, time_zone
from base.errors import NotFound
from base.ids import InvalidId, Kind, global_id, parse_global_id
from base.packed import packed_instant
from base.time_units import EPOCH
from database import Bulk, Database, Statement, among, bulk, table_of
from ingest.columns import ORGANIZATIONS, TENANTS, USERS
from ingest.zone_rules import (
    RULES_BY_KEY,
    Find,
    TenantClock,
    rules_finder,
    rules_of_clocks,
    store_first_clocks,
    uncounted_among,
)
from models import (
    TAKES_BACK,
    ActiveUser,
    DayTotal,
    DeletedKind,
    Deletion,
    EngagedView,
    Event,
    ImportedTotal,
    MonthTotal,
    SubjectTotal,
    VisitorSketch,
)

ALWAYS = EPOCH
"""An instant before every event."""
_COUNTED = (
    Event,
    ImportedTotal,
    DayTotal,
    MonthTotal,
    SubjectTotal,
    ActiveUser,
    EngagedView,
    VisitorSketch,
)


class TenantRow(NamedTuple):
    id: int
    zone: ZoneInfo
    """It has the rules by which the days of the tenant's totals are made. They may be older than ours, or
    newer.
    """
    pruned_before: date | None = None
    kept_from: datetime = ALWAYS
    """The start of the day `pruned_before`. Raw events before it are gone."""
    clock: TenantClock = TenantClock()
    deleted_at: datetime | None = None
    """From then on nothing is counted for it."""
    subject_deleted_at: datetime | None = None
    """As in the table."""
    thinned_before: date | None = None
    """As in the table."""
    hours_before: date | None = None
    """As in the table."""
    folding_since: datetime | None = None
    """As in the table."""
    users_erased: bool = False
    """Whether an account was deleted lately, of whatever tenant. Only `share_tenants` says so."""

    def pruned(self, before: date) -> "TenantRow":
        return self._replace(pruned_before=before, kept_from=start_of_day(before, self.zone))

    def by(self, zone: ZoneInfo) -> "TenantRow":
        """The tenant with the days of another zone, or of other rules."""
        tenant = self._replace(zone=zone)
        return tenant.pruned(tenant.pruned_before) if tenant.pruned_before else tenant

    def takes_at(self, packed: int, action: int) -> bool:
        """Whether an action at a packed instant can be counted. One of pruned days may have been counted
        already.
        """
        # An event that takes another back comes from our own catalog, only once, and has that event's time.
        return packed >= packed_instant(self.kept_from) or action in TAKES_BACK


class TenantGone(NotFound):
    """It was deleted meanwhile. Whoever goes through many tenants goes on with the next one."""

    def __init__(self) -> None:
        super().__init__("It was deleted meanwhile.")


class _Stored(NamedTuple):
    id: int
    pruned_before: date | None
    clock: TenantClock
    deleted_at: datetime | None
    subject_deleted_at: datetime | None
    thinned_before: date | None
    hours_before: date | None
    folding_since: datetime | None
    users_erased: bool = False


def _stored(
    id: int,
    pruned_before: date | None,
    time_zone: str,
    rules: str | None,
    older: str | None,
    *rest: Any,
) -> _Stored:
    return _Stored(id, pruned_before, TenantClock(time_zone, rules, older), *rest)


_TENANTS = select(
    TENANTS.id,
    TENANTS.pruned_before,
    TENANTS.time_zone,
    TENANTS.zone_rules,
    TENANTS.older_zone_rules,
    TENANTS.deleted_at,
    TENANTS.subject_deleted_at,
    TENANTS.thinned_before,
    TENANTS.hours_before,
    TENANTS.folding_since,
)
_ACCOUNTS_DELETED = exists().where(table_of(Deletion).c.kind == int(DeletedKind.ACCOUNT))
SHARED = Statement(
    _TENANTS.add_columns(_ACCOUNTS_DELETED)
    .where(among(TENANTS.id, "ids"))
    .order_by(TENANTS.id)
    .with_for_update(read=True, key_share=True, skip_locked=True),
    _stored,
)
"""Locks tenants for transactions that count new events: many may do so at once. It leaves out a tenant that a
transaction has locked alone, so that others do not wait for it.
"""
LOCKED = Statement(
    select(TENANTS.id).where(among(TENANTS.id, "ids")).order_by(TENANTS.id).with_for_update(key_share=True),
    int,
)
"""Locks tenants that are locked for new events already: others may still count new events, but only one may
store a first clock or add a domain. Whoever needs it for several tenants takes it for all at once.
"""
_AWAITED = Statement(
    select(TENANTS.id)
    .where(TENANTS.id == bindparam("id", type_=BigInteger()))
    .with_for_update(read=True, key_share=True),
    int,
)
"""One tenant, for which a transaction waits."""
KNOWN = Statement(select(TENANTS.id).where(among(TENANTS.id, "ids")), int)
"""Finds the tenants that exist, whether they are locked or not."""


_THINNED = Statement(
    select(TENANTS.id, TENANTS.thinned_before).where(
        among(TENANTS.id, "ids"), TENANTS.thinned_before.is_not(None)
    ),
    lambda id, before: (id, before),
)


async def thinned_days(database: Database, ids: Iterable[int]) -> dict[int, date]:
    """The day before which totals have lost detail, of each tenant for whom there is one."""
    return dict(await database.fetch(_THINNED, ids=sorted(ids)))


async def share_tenants(writer: Bulk, ids: set[int]) -> dict[int, TenantRow]:
    """Locks tenants to count new events, but not those that are locked alone. One that does not exist comes
    back as deleted.
    """
    stored = await writer.fetch(SHARED, ids=sorted(ids))
    if left_out := ids - {tenant.id for tenant in stored}:
        known: list[int] = await writer.fetch(KNOWN, ids=sorted(left_out))
        gone = left_out.difference(known)
    else:
        gone = set()
    unknown = {tenant.id: tenant.clock for tenant in stored if not tenant.clock.is_known}
    if uncounted := await uncounted_among(writer, unknown):
        # All of them, because others may be locked later: writers that lock in one order never wait for each
        # other in a circle.
        await writer.fetch(LOCKED, ids=[tenant.id for tenant in stored])
        await store_first_clocks(writer, {id: unknown[id] for id in uncounted})
        stored = await writer.fetch(SHARED, ids=sorted(ids))
    rows = await _rows(stored, lambda keys: writer.fetch(RULES_BY_KEY, keys=keys))
    return {
        **{tenant.id: tenant for tenant in rows},
        **{id: TenantRow(id, time_zone("UTC"), deleted_at=EPOCH) for id in gone},
    }


async def lock_tenant(session: AsyncSession, id: int) -> TenantRow:
    """Locks a tenant alone for a recount, until the transaction ends: nobody counts new events meanwhile.

    Raises TenantGone.
    """
    return await _one(session, _TENANTS.where(TENANTS.id == id).with_for_update())


async def wait_to_share(session: AsyncSession, id: int) -> TenantRow:
    """Locks a tenant to count what has no events, and waits while it is locked alone. Then it stores the
    clock by which the tenant's days are counted, if it has none yet.

    Call it first in a transaction: whoever has locked the tenant alone may wait for the locks that follow.
    """
    writer = await bulk(session)
    await wait_for_tenant(writer, id)
    return (await share_tenants(writer, {id}))[id]


async def wait_for_tenant(writer: Bulk, id: int) -> None:
    """Locks a tenant to delete what is counted for it, and waits while it is locked alone."""
    await writer.fetch(_AWAITED, id=id)


async def read_tenant(connection: AsyncConnection, id: int) -> TenantRow:
    """The tenant, as a transaction that only reads sees it. Raises TenantGone."""
    return await _one(connection, _TENANTS.where(TENANTS.id == id))


async def _one(connection: AsyncConnection | AsyncSession, statement: Select[Any]) -> TenantRow:
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise TenantGone
    (tenant,) = await _rows([_stored(*row)], rules_finder(connection))
    return tenant


async def _rows(stored: Sequence[_Stored], find: Find) -> list[TenantRow]:
    rules = await rules_of_clocks((tenant.clock for tenant in stored), find)
    return [_row(one, one.clock.zone(rules)) for one in stored]


@lru_cache(1_024)
def _row(stored: _Stored, zone: ZoneInfo) -> TenantRow:
    given = stored._asdict()
    return TenantRow(zone=zone, **given).by(zone)


async def tenants_named(database: Database, names: Iterable[str]) -> dict[int, str]:
    """The tenants that operators name by a username, or by an organization's global id."""
    return {await tenant_named(database, name): name for name in names}


async def tenant_named(database: Database, name: str) -> int:
    """Raises NOT_FOUND."""
    async with database.snapshot() as connection:
        statement = select(USERS.tenant_id).where(USERS.username == name)
        try:
            kind, public_id = parse_global_id(name)
        except InvalidId:
            pass
        else:
            if kind is Kind.ORGANIZATION:
                statement = select(ORGANIZATIONS.tenant_id).where(ORGANIZATIONS.public_id == public_id)
        found: int | None = await connection.scalar(statement)
    if found is None:
        raise NotFound(f"There is no user and no organization called {name}.")
    return found


async def tenants_with_events(database: Database) -> dict[int, str]:
    """The tenants that have raw events or totals, in the order of their ids."""
    counted = union(*(select(table_of(model).c.tenant_id) for model in _COUNTED))
    async with database.snapshot() as connection:
        ids = sorted(await connection.scalars(counted))
        users = await connection.execute(select(USERS.tenant_id, USERS.username))
        organizations = await connection.execute(select(ORGANIZATIONS.tenant_id, ORGANIZATIONS.public_id))
        names = {
            **{id: str(name) for id, name in users},
            **{id: global_id(Kind.ORGANIZATION, public_id) for id, public_id in organizations},
        }
    return {id: names[id] for id in ids if id in names}
