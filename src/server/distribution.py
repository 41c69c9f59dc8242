"""Hands the tables of tenants to a cluster of Citus. What was done is not done again."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

import models  # noqa: F401  # makes every table known to the metadata
from database import Database
from server.failures import Failure

FIRST: Final = "events"
"""The table beside which all others are kept: rows of one tenant are on one machine, in whatever table."""
_SHARDS: Final = 32
_EXTENSION: Final = text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
_WORKERS: Final = text("SELECT count(*) FROM citus_get_active_worker_nodes()")
_HANDED: Final = text(
    "SELECT CAST(logicalrelid AS text) AS name, CAST(partmethod AS text) AS method, colocationid, shardcount "
    "FROM pg_dist_partition JOIN pg_dist_colocation USING (colocationid)"
)
_REFER: Final = text("SELECT create_reference_table(CAST(:name AS regclass))")
_BEGIN: Final = text(
    "SELECT create_distributed_table(CAST(:name AS regclass), 'tenant_id', "
    "colocate_with => 'none', shard_count => :shards)"
)
_FOLLOW: Final = text(
    f"SELECT create_distributed_table(CAST(:name AS regclass), 'tenant_id', colocate_with => '{FIRST}')"
)
_COPIED: Final = "n"
"""The method of a table of which each machine has a copy. That of a distributed one is `h`."""


class Step(NamedTuple):
    table: str
    is_copied: bool


def steps() -> list[Step]:
    """All tables that a cluster keeps elsewhere, in the order in which it gets them."""
    kinds = {name: table.info["distribution"] for name, table in SQLModel.metadata.tables.items()}
    by_tenant = sorted(name for name, kind in kinds.items() if kind == "tenant_id" and name != FIRST)
    copied = sorted(name for name, kind in kinds.items() if kind == "reference")
    return [*(Step(name, True) for name in copied), *(Step(name, False) for name in (FIRST, *by_tenant))]


async def distribute(database: Database, shards: int | None, show: Callable[[str], Any]) -> None:
    """Raises Failure with what is missing. Each table is handed over in a transaction of its own, so another
    run goes on where one was stopped. `shards` is of a database that has none yet.
    """
    async with _connected(database) as connection:
        if missing := await _missing(connection):
            raise Failure(" ".join(missing))
        handed = {row.name: row for row in await connection.execute(_HANDED)}
    _require_one_home(handed, shards)
    for step in steps():
        if step.table in handed:
            continue
        async with database.engine.begin() as connection:
            await _hand_over(connection, step, shards or _SHARDS)
        show(
            f"Every machine has {step.table} now."
            if step.is_copied
            else f"The machines share {step.table} by tenant now."
        )


def _connected(database: Database) -> Any:
    if database.dialect_name != "postgresql":
        raise Failure("A file of SQLite stays on its machine: use a PostgreSQL with the extension Citus.")
    return database.engine.connect()


async def _missing(connection: AsyncConnection) -> list[str]:
    if await connection.scalar(_EXTENSION) is None:
        return [
            "The database has no extension `citus`: run `CREATE EXTENSION citus`, here and on each worker."
        ]
    if not await connection.scalar(_WORKERS):
        return ["The database knows no worker: run `SELECT citus_add_node(HOST, PORT)` for each of them."]
    return []


def _require_one_home(handed: dict[str, Row[Any]], shards: int | None) -> None:
    """Raises Failure if a table was handed over in another way, which only a person can undo."""
    there = [(step, handed[step.table]) for step in steps() if step.table in handed]
    first = handed.get(FIRST)
    for step, row in there:
        if (row.method == _COPIED) is not step.is_copied:
            kept = "a copy for every machine" if step.is_copied else "shared by tenant"
            raise Failure(f"{step.table} should be {kept}: run `SELECT undistribute_table('{step.table}')`.")
        if not step.is_copied and (first is None or row.colocationid != first.colocationid):
            raise Failure(
                f"{step.table} is not beside {FIRST}: run `SELECT undistribute_table('{step.table}')`."
            )
    if first is not None and shards not in (None, first.shardcount):
        raise Failure(f"{FIRST} has {first.shardcount} shards already: run this without --shards.")


async def _hand_over(connection: AsyncConnection, step: Step, shards: int) -> None:
    if step.is_copied:
        await connection.execute(_REFER, {"name": step.table})
    elif step.table == FIRST:
        await connection.execute(_BEGIN, {"name": step.table, "shards": shards})
    else:
        await connection.execute(_FOLLOW, {"name": step.table})
