"""SQLite's connections that only read. Each is a thread, is held open, and keeps its statements prepared."""

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import URL

from database.pool import Pool, Slots
from database.readers import LARGE_SNAPSHOTS, SNAPSHOTS
from database.snapshot import Fetched, Snapshot, SnapshotLost, SnapshotPool
from database.statement import Compiled

_INTERRUPT_SECONDS = 0.01
_SQLITE: dict[str, Any] = {"isolation_level": None, "cached_statements": 1024, "timeout": 10.0}
_ROWS_OF_A_CHUNK = 64
"""How many rows a cursor fetches at a time. Nobody uses cursors here."""


class SqliteReaders:
    def __init__(self, url: URL, limit: int) -> None:
        self._path = url.database or ""
        self.running = running = Slots(limit)
        self._pool = Pool(running, self._connect)
        self._snapshots = SnapshotPool(
            self._connect_snapshot, running, limit=SNAPSHOTS * limit, limit_of_large=LARGE_SNAPSHOTS * limit
        )

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        connection = await self._pool.take()
        try:
            rows = list(await connection.execute_fetchall(statement.text, arguments))
        except asyncio.CancelledError:
            self._pool.give_back_later(_interrupted(connection))
            raise
        except BaseException:
            self._pool.give_back(connection)
            raise
        self._pool.give_back(connection)
        return rows

    def snapshot(self, *, is_large: bool) -> Snapshot:
        return Snapshot(self._snapshots, is_large=is_large)

    async def is_reachable(self) -> bool:
        return True

    async def close(self) -> None:
        await self._pool.all_back()
        snapshots = await self._snapshots.all_back()
        for connection in (*self._pool.drain(), *snapshots):
            assert isinstance(connection, aiosqlite.Connection)
            await connection.close()

    async def _connect(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self._path, **_SQLITE)
        await connection.execute("PRAGMA query_only = ON")
        return connection

    async def _connect_snapshot(self) -> "SqliteSnapshotConnection":
        connect = partial(sqlite3.connect, self._path, check_same_thread=False, **_SQLITE)
        connection = SqliteSnapshotConnection(connect, _ROWS_OF_A_CHUNK)
        await connection
        await connection.execute("PRAGMA query_only = ON")
        return connection


class SqliteSnapshotConnection(aiosqlite.Connection):
    """The snapshot begins in its thread, together with the first statement. It ends at once, outside the
    thread: nothing runs there then.
    """

    _has_begun = False

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        rows: Fetched = await self._execute(self._read, statement, arguments)  # type: ignore[no-untyped-call]
        return rows

    async def recovered(self) -> bool:
        await _interrupted(self)
        return True

    def end(self) -> None:
        # This only gives back a lock. To tell the thread would take as long.
        self._has_begun = False
        self._conn.rollback()

    def drop(self) -> None:
        self.stop()

    def _read(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        connection = self._conn
        if not self._has_begun:
            connection.execute("BEGIN")
            self._has_begun = True
        elif not connection.in_transaction:
            # After some errors SQLite ends the transaction by itself. Then it would show newer rows.
            raise SnapshotLost
        return connection.execute(statement.text, arguments).fetchall()


async def _interrupted(connection: aiosqlite.Connection) -> aiosqlite.Connection:
    """Waits until its thread can run the next statement, which may be interrupted as well."""
    # It interrupts again and again, because a statement that is about to begin is not interrupted.

    async def next_one() -> None:
        with suppress(sqlite3.OperationalError):
            await connection.execute_fetchall("SELECT 1")

    following = asyncio.create_task(next_one())
    while not following.done():
        await connection.interrupt()
        await asyncio.wait({following}, timeout=_INTERRUPT_SECONDS)
    return connection
