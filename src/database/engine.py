"""The engine of units of work: SQLAlchemy's, with what each database needs."""

import sqlite3
from functools import partial
from time import monotonic
from typing import Any, Final, cast

import aiosqlite
from sqlalchemy import URL, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from base.retries import retried
from database.addresses import connect_arguments
from database.cluster import Cluster
from database.faults import Fault, fault_of
from database.readers import WRITERS

CONNECT_SECONDS = 3.0
_CACHE_KIBIBYTES = 32 * 1024
PRAGMAS_FOR_MUCH: Final = ("PRAGMA cache_size = -24576", "PRAGMA wal_autocheckpoint = 20000")
"""For many events. A page that each batch changes goes from the log into the file now and then, and not after
each batch. What a batch changes goes into the cache; of a large file, a larger cache would have little more.
"""
PRAGMAS_BESIDE_OTHERS: Final = ("PRAGMA wal_autocheckpoint = 1000",)
"""Whoever commits after so many pages moves them, and beside others should not have to move more."""
_LOG_PAGES = 4_000
"""After so many pages of 4 KiB, a commit moves the log into the file."""
_CACHED_STATEMENTS = 512
"""To prepare a statement of hundreds of rows takes a millisecond. A batch of events has a hundred statements,
with other numbers of rows each time.
"""
_BUSY_SECONDS = 10.0
"""How long commands wait for others who write. A server with a limit waits half as long as the limit."""
_LOG_PAUSE_SECONDS = 0.01


# The driver looks for an adapter of each value of these types, and takes 0.3 us to find that there is none.
# These give back the value.
sqlite3.register_adapter(bytes, bytes.__bytes__)
sqlite3.register_adapter(type(None), cast(Any, {}.get))


def engine_of(url: URL, write_seconds: float | None, cluster: Cluster) -> AsyncEngine:
    # With `hide_parameters`, an error that is logged has no values in it.
    if url.get_backend_name() != "sqlite":
        return _postgres_engine(url, write_seconds, cluster)
    engine = create_async_engine(
        url, hide_parameters=True, connect_args={"cached_statements": _CACHED_STATEMENTS}
    )
    event.listen(engine.sync_engine, "connect", partial(_prepare_sqlite, busy_milliseconds(write_seconds)))
    event.listen(engine.sync_engine, "begin", _begin_immediately)
    return engine


def busy_milliseconds(write_seconds: float | None) -> int:
    """How long SQLite waits for another writer."""
    return round(1000 * (_BUSY_SECONDS if write_seconds is None else write_seconds / 2))


def _postgres_engine(url: URL, write_seconds: float | None, cluster: Cluster) -> AsyncEngine:
    """A wait for a row or a connection ends before the limit of its unit of work, and so keeps nobody out."""
    wait = None if write_seconds is None else write_seconds * 3 / 4
    engine = create_async_engine(
        "postgresql+asyncpg://",
        pool_pre_ping=True,
        hide_parameters=True,
        pool_size=WRITERS,
        max_overflow=0,
        connect_args={**connect_arguments(url), "timeout": min(CONNECT_SECONDS, wait or CONNECT_SECONDS)},
        **({} if wait is None else {"pool_timeout": wait}),
    )
    # Poolers refuse most parameters of a connection when it is opened, so they are set afterwards.
    own = () if wait is None else (f"SET lock_timeout = {round(wait * 1000)}",)

    def prepare(connection: Any, _record: Any) -> None:
        connection.run_async(lambda raw: cluster.prepare(raw, *own))

    event.listen(engine.sync_engine, "connect", prepare)
    return engine


def _prepare_sqlite(busy_milliseconds: int, connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")
    cast(Any, connection).run_async(partial(_keep_a_log, busy_milliseconds / 1000))
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # To undo a part of a large transaction, SQLite copies pages. A temporary file of them would take a
    # quarter of all the time.
    cursor.execute("PRAGMA temp_store = MEMORY")
    # The pages to which a batch of events adds are spread over the file.
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
    # A batch changes some thousand pages, and most of them are changed by the next one, too.
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    cursor.close()


async def _keep_a_log(busy_seconds: float, connection: aiosqlite.Connection) -> None:
    """Makes the file one with a log, once and for all. SQLite does not wait when another connection is about
    to do the same, for each would wait for the other: so this waits without a lock.
    """
    late = monotonic() + busy_seconds

    def pause_after(error: Exception, _attempt: int) -> float | None:
        return _LOG_PAUSE_SECONDS if fault_of(error) is Fault.BUSY and monotonic() < late else None

    await retried(lambda _: connection.execute_fetchall("PRAGMA journal_mode = WAL"), pause_after)


def _begin_immediately(connection: Any) -> None:
    # A transaction that begins as a reader cannot wait when it turns into a writer: it fails at once.
    is_snapshot = connection.get_execution_options().get("is_snapshot")
    connection.exec_driver_sql("BEGIN" if is_snapshot else "BEGIN IMMEDIATE")
