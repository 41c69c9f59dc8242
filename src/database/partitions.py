"""PostgreSQL keeps raw events in a table for each month, so that an old month can be dropped at once.

The id says which month: an id of version 7 begins with the milliseconds at which it was made. Events with ids
of other versions, or of months that have no table, are in the default partition.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from base.calendar import month_start, next_month
from database.cluster import change_one_by_one
from database.database import Database

_DEFAULT = "events_default"
_MONTH = re.compile(r"events_(\d{4})_(\d\d)")
_MONTHS_AHEAD = 2
_YEARS_BACK = 10
_PATIENCE = "900ms"
"""How long we wait for a table that is in use, while others wait behind us. PostgreSQL looks for deadlocks
after a second.
"""
_IN_USE = {"55P03", "40P01"}
"""PostgreSQL's states for a lock that could not be had in time, and for a deadlock."""

_PARTITIONS = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
    "WHERE inhparent = 'events'::regclass"
)
_HAS_KEPT = """
    SELECT EXISTS (
        SELECT 1 FROM {partition} AS event LEFT JOIN unnest(
            CAST(:tenants AS bigint[]), CAST(:starts AS timestamptz[])
        ) AS kept (tenant_id, start) ON kept.tenant_id = event.tenant_id
        WHERE kept.start IS NULL OR event.occurred_at >= kept.start
    )
"""


def is_partition(table: str) -> bool:
    return table == _DEFAULT or _MONTH.fullmatch(table) is not None


def partition_of(month: date) -> str:
    return f"events_{month:%Y_%m}"


def first_id(month: date) -> UUID:
    """The smallest id that begins with the first millisecond of a month (in UTC), given by its first day."""
    milliseconds = int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp() * 1000)
    return UUID(int=milliseconds << 80)


def months_from(now: datetime) -> list[date]:
    """The first days of this month and the next two."""
    months = [month_start(now.astimezone(UTC).date())]
    for _ in range(_MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    return months


async def ensure_partitions(database: Database, now: datetime) -> list[str]:
    """Makes the missing partitions of this month and the next two, and returns their names."""
    return await _ensure(database, months_from(now))


async def ensure_past_partitions(database: Database, now: datetime, months: Iterable[date]) -> list[str]:
    """Makes the missing partitions of these months, given by their first days, for an import of past events.

    It makes none of more than ten years ago, because every statement that reads events has to plan for each.
    """
    last = month_start(now.astimezone(UTC).date())
    first = last.replace(year=last.year - _YEARS_BACK)
    return await _ensure(database, sorted(month for month in months if first <= month <= last))


async def _ensure(database: Database, months: Iterable[date]) -> list[str]:
    if database.dialect_name != "postgresql":
        return []
    wanted = {_DEFAULT: None, **{partition_of(month): month for month in months}}
    async with database.engine.begin() as connection:
        if wanted.keys() <= await _names(connection):
            return []
        await change_one_by_one(connection)
        # Those who make partitions wait for each other. Writers of events do not wait.
        await connection.exec_driver_sql("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        known = await _names(connection)
        missing = [name for name in wanted if name not in known]
        for name in missing:
            await _make(connection, name, wanted[name])
    return missing


async def _names(connection: AsyncConnection) -> set[str]:
    return set(await connection.scalars(_PARTITIONS))


async def _make(connection: AsyncConnection, name: str, month: date | None) -> None:
    """Makes a partition. It moves there the month's events that are in the default partition, because their
    sender's clock was ahead.
    """
    if month is None:
        await connection.exec_driver_sql(f"CREATE TABLE {name} PARTITION OF events DEFAULT")
        return
    start, stop = first_id(month), first_id(next_month(month))
    for statement in (
        f"LOCK TABLE {_DEFAULT} IN ACCESS EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        f"WITH moved AS (DELETE FROM {_DEFAULT} WHERE id >= '{start}' AND id < '{stop}' RETURNING *) "  # noqa: S608
        f"INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{stop}')",
    ):
        await connection.exec_driver_sql(statement)


async def drop_partitions(database: Database, kept: Mapping[int, datetime]) -> list[str]:
    """Drops each month without events that have to be kept, and returns the names of these partitions.

    `kept` says from when on each tenant's events are kept. If a tenant is not in it, all its events are kept.
    If a table stays in use, it is left, and so are the later ones.
    """
    if database.dialect_name != "postgresql" or not kept:
        return []
    async with database.engine.connect() as connection:
        names = await _names(connection)
    dropped = []
    try:
        for name in sorted(names):
            if (stop := _stop(name)) and stop <= max(kept.values()) and await _drop(database, name, kept):
                dropped.append(name)  # noqa: PERF401  # those before an error are dropped all the same
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _IN_USE:
            raise
    return dropped


def _stop(partition: str) -> datetime | None:
    """When the month ends; None for the default partition."""
    found = _MONTH.fullmatch(partition)
    if found is None:
        return None
    after = next_month(date(int(found[1]), int(found[2]), 1))
    return datetime(after.year, after.month, 1, tzinfo=UTC)


async def _drop(database: Database, partition: str, kept: Mapping[int, datetime]) -> bool:
    """Drops it unless it has an event that is kept. The rows decide, because an event may be later than its
    id.
    """
    async with database.engine.begin() as connection:
        if await _has_kept(connection, partition, kept):
            return False
        await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        # From here on nothing is added to it, and what was added meanwhile is seen.
        await connection.exec_driver_sql(f"LOCK TABLE {partition} IN SHARE MODE")
        if await _has_kept(connection, partition, kept):
            return False
        await connection.exec_driver_sql(f"DROP TABLE {partition}")
    return True


async def _has_kept(connection: AsyncConnection, partition: str, kept: Mapping[int, datetime]) -> bool:
    tenants: Sequence[int] = list(kept)
    found = await connection.scalar(
        text(_HAS_KEPT.format(partition=partition)),
        {"tenants": tenants, "starts": [kept[tenant] for tenant in tenants]},
    )
    return bool(found)
