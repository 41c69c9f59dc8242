"""PostgreSQL's connections that only read. They are held open, and keep their statements prepared."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from cachetools import LRUCache
from sqlalchemy import URL

from base.errors import TimedOut
from database.addresses import connect_arguments
from database.cluster import Cluster
from database.engine import CONNECT_SECONDS
from database.faults import Fault
from database.pool import Pool, Slots
from database.readers import LARGE_SNAPSHOTS, SNAPSHOTS
from database.snapshot import Fetched, Snapshot, SnapshotPool
from database.statement import Compiled

MOST_PREPARED = 200
"""Statements that a connection keeps prepared. The server holds memory for each of them."""
_CANCEL_SECONDS = 0.25
_RECOVERY_SECONDS = 10.0
_GRACE_SECONDS = 1.0
_PULSE_SECONDS = 1.5
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SAVEPOINT begun"
_GO_BACK = "ROLLBACK TO SAVEPOINT begun"
_PLAN_EACH_TIME = "SET plan_cache_mode = force_custom_plan"
_TIMEOUT = "SET statement_timeout = {milliseconds}"


class PostgresReader:
    def __init__(self, connection: asyncpg.Connection, server: dict[str, Any]) -> None:
        self.connection = connection
        self._server = server
        self._prepared: LRUCache[str, PreparedStatement] = LRUCache(MOST_PREPARED)
        """asyncpg closes a statement that fell out once nobody runs it."""

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        try:
            return await self._rows(statement.text, arguments)
        except asyncpg.CharacterNotInRepertoireError:
            # PostgreSQL's text has no NUL, so no row is equal to a text that has one.
            return []
        except asyncpg.QueryCanceledError:
            # The server ends a statement after the time that it has for each, or an operator does.
            raise TimedOut("The database has cut the statement off.") from None

    async def _rows(self, text: str, arguments: list[Any]) -> Fetched:
        statement = self._prepared.get(text)
        if statement is None:
            statement = self._prepared[text] = await self.connection.prepare(text)
        rows: Fetched = await statement.fetch(*arguments)
        return rows

    async def recovered_reader(self) -> "PostgresReader | None":
        """Waits for the end of a statement that was cut off. None if it does not end.

        asyncpg has asked the server to cancel it, and the next statement waits for its end. A cancellation
        that comes late may hit the next statement, too; one that comes too early does nothing, and is sent
        again.
        """
        following = asyncio.create_task(self._next_one())
        try:
            async with asyncio.timeout(_RECOVERY_SECONDS):
                while not (await asyncio.wait({following}, timeout=_CANCEL_SECONDS))[0]:
                    await self._cancel()
            await following
        except Exception:
            following.cancel()
            self.connection.terminate()
            return None
        return self

    async def _next_one(self) -> None:
        with suppress(asyncpg.QueryCanceledError):
            await self.connection.execute("SELECT 1")

    async def _cancel(self) -> None:
        connection = await asyncpg.connect(**self._server, timeout=CONNECT_SECONDS)
        try:
            await connection.execute("SELECT pg_cancel_backend($1)", self.connection.get_server_pid())
        finally:
            connection.terminate()


_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection raises it if it was ended a moment before and does not know it yet.
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    OSError,
)
_STALE = (asyncpg.InvalidCachedStatementError, asyncpg.InvalidSQLStatementNameError)


class PostgresSnapshotConnection(PostgresReader):
    """After an error, it goes back to a savepoint. So the transaction stays, and sees the same."""

    _has_begun = False

    async def recovered(self) -> bool:
        return await self.recovered_reader() is not None

    def end(self) -> Awaitable[bool] | None:
        return self._ended() if self._has_begun else None

    def drop(self) -> None:
        self.connection.terminate()

    async def _rows(self, text: str, arguments: list[Any]) -> Fetched:
        if not self._has_begun:
            self._has_begun = True
            await self.connection.execute(_BEGIN)
        try:
            return await super()._rows(text, arguments)
        except _STALE:
            self._prepared.clear()
            await self.connection.execute(_GO_BACK)
        except _LOST:
            raise
        except asyncpg.PostgresError:
            await self.connection.execute(_GO_BACK)
            raise
        return await super()._rows(text, arguments)

    async def _next_one(self) -> None:
        """A cancellation that comes late may hit this statement too: then it is sent again."""
        while True:
            with suppress(asyncpg.QueryCanceledError):
                await self.connection.execute(_GO_BACK)
                return

    async def _ended(self) -> bool:
        try:
            await self.connection.execute("COMMIT", timeout=_GRACE_SECONDS)
        except Exception:
            self.connection.terminate()
            return False
        self._has_begun = False
        return True


class PostgresReaders:
    """A connection that broke is replaced, and the statement runs once more: reading twice does no harm."""

    def __init__(self, url: URL, limit: int, read_seconds: float | None, cluster: Cluster) -> None:
        """A little after `read_seconds`, the server ends a statement if nobody else did."""
        self._seconds = read_seconds
        self._cluster = cluster
        self._server = connect_arguments(url)
        running = Slots(limit)
        self._planning = Pool(running, self._connect)
        """Connections that plan a statement each time that it runs."""
        self._lookups = Pool(running, partial(self._connect, is_for_lookups=True))
        self._snapshots = SnapshotPool(
            self._connect_snapshot,
            running,
            limit=SNAPSHOTS * limit,
            limit_of_large=LARGE_SNAPSHOTS * limit,
            lost=_LOST,
        )

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        try:
            return await self._fetch_once(statement, arguments)
        except (*_LOST, *_STALE):
            for reader in self._free():
                reader.connection.terminate()
        try:
            return await self._fetch_once(statement, arguments)
        except _LOST as error:
            raise Fault.AWAY.error() from error

    def snapshot(self, *, is_large: bool) -> Snapshot:
        return Snapshot(self._snapshots, is_large=is_large)

    async def is_reachable(self) -> bool:
        """It asks on a new connection. A server that has no connection left is there, but busy."""
        connection: asyncpg.Connection | None = None
        try:
            async with asyncio.timeout(_PULSE_SECONDS):
                connection = await asyncpg.connect(**self._server)
                await self._cluster.prepare(connection)
        except asyncpg.TooManyConnectionsError:
            return True
        except (*_LOST, asyncpg.PostgresError):
            return False
        finally:
            if connection:
                connection.terminate()
        return True

    async def close(self) -> None:
        await self._planning.all_back()
        await self._lookups.all_back()
        snapshots = await self._snapshots.all_back()
        for reader in (*self._free(), *snapshots):
            assert isinstance(reader, PostgresReader)
            try:
                await reader.connection.close(timeout=_GRACE_SECONDS)
            except (*_LOST, TimeoutError):
                reader.connection.terminate()

    async def _fetch_once(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        pool = self._lookups if statement.is_lookup else self._planning
        reader = await pool.take()
        try:
            rows = await reader.fetch(statement, arguments)
        except asyncio.CancelledError:
            pool.give_back_later(reader.recovered_reader())
            raise
        except TimedOut:
            pool.give_back(reader)
            raise
        except BaseException:
            reader.connection.terminate()
            pool.lose()
            raise
        pool.give_back(reader)
        return rows

    def _free(self) -> Iterator[PostgresReader]:
        """All readers that nobody uses, taken out of their pools."""
        yield from (*self._planning.drain(), *self._lookups.drain())

    async def _connect(self, *, is_for_lookups: bool = False) -> PostgresReader:
        return PostgresReader(await self._connected(is_for_lookups=is_for_lookups), self._server)

    async def _connect_snapshot(self) -> PostgresSnapshotConnection:
        return PostgresSnapshotConnection(await self._connected(), self._server)

    async def _connected(self, *, is_for_lookups: bool = False) -> asyncpg.Connection:
        connection = await asyncpg.connect(**self._server, timeout=CONNECT_SECONDS)
        try:
            # Poolers refuse most parameters of a connection when it is opened, so they are set afterwards.
            await self._cluster.prepare(connection, *self._parameters(is_for_lookups=is_for_lookups))
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _parameters(self, *, is_for_lookups: bool) -> Iterator[str]:
        if self._seconds is not None:
            yield _TIMEOUT.format(milliseconds=round((self._seconds + _GRACE_SECONDS) * 1000))
        if not is_for_lookups:
            yield _PLAN_EACH_TIME
