"""PostgreSQL's connections that only read, held open with their statements prepared."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import URL

from base.errors import TimedOut
from database.faults import Fault
from database.held import Held, Places
from database.moment import Fetched, Moment, Snapshots
from database.readers import LARGE_MOMENTS, MOMENTS

_CANCEL_SECONDS = 0.25
_MEND_SECONDS = 10.0
_GRACE_SECONDS = 1.0
_CONNECT_SECONDS = 3.0
_PULSE_SECONDS = 1.5
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SAVEPOINT begun"
_GO_BACK = "ROLLBACK TO SAVEPOINT begun"


class PostgresReader:
    def __init__(self, connection: asyncpg.Connection, dsn: str) -> None:
        self.connection = connection
        self._dsn = dsn
        self._prepared: dict[str, PreparedStatement] = {}

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched:
        try:
            return await self._rows(text, arguments)
        except asyncpg.CharacterNotInRepertoireError:
            # PostgreSQL's text has no NUL, so nothing there is equal to a text that has one.
            return []
        except asyncpg.QueryCanceledError:
            # By the server, after the time that it was given for each statement, or by an operator.
            raise TimedOut("The database has cut the statement off.") from None

    async def _rows(self, text: str, arguments: list[Any]) -> Fetched:
        statement = self._prepared.get(text)
        if statement is None:
            statement = self._prepared[text] = await self.connection.prepare(text)
        rows: Fetched = await statement.fetch(*arguments)
        return rows

    async def mended(self) -> "PostgresReader | None":
        """When the statement has ended that was cut off; None if it does not. asyncpg has told the server to
        end it, and whatever is asked next waits for that; a word that comes late may hit it as well. One that
        comes too early is not heeded, and said again.
        """
        following = asyncio.create_task(self._next_one())
        try:
            async with asyncio.timeout(_MEND_SECONDS):
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
        connection = await asyncpg.connect(self._dsn, timeout=_CONNECT_SECONDS)
        try:
            await connection.execute("SELECT pg_cancel_backend($1)", self.connection.get_server_pid())
        finally:
            connection.terminate()


_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What one is told that was ended a moment before, and does not know it yet.
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    OSError,
)
_STALE = (asyncpg.InvalidCachedStatementError, asyncpg.InvalidSQLStatementNameError)


class PostgresSnapshot(PostgresReader):
    """An error ends a transaction, but not what was before the savepoint, and with it what is seen."""

    _has_begun = False

    async def settled(self) -> bool:
        return await self.mended() is not None

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
        """A word that comes late may hit this one too: then it is not done."""
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
    """A connection that broke is replaced and the statement asked once more: reading twice does no harm."""

    def __init__(self, url: URL, limit: int, read_seconds: float | None) -> None:
        """`read_seconds`: after which the server ends a statement if nobody else did."""
        self._seconds = read_seconds
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        running = Places(limit)
        self._held = Held(running, self._connect)
        self._snapshots = Snapshots(
            self._connect_snapshot,
            running,
            limit=MOMENTS * limit,
            limit_of_large=LARGE_MOMENTS * limit,
            lost=_LOST,
        )

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched:
        try:
            return await self._fetch_once(text, arguments)
        except (*_LOST, *_STALE):
            for reader in self._held.drain():
                reader.connection.terminate()
        try:
            return await self._fetch_once(text, arguments)
        except _LOST as error:
            raise Fault.AWAY.told() from error

    def moment(self, *, is_large: bool) -> Moment:
        return Moment(self._snapshots, is_large=is_large)

    async def are_there(self) -> bool:
        """Asked on a connection of its own. One that has no connection left is there, and busy."""
        connection: asyncpg.Connection | None = None
        try:
            async with asyncio.timeout(_PULSE_SECONDS):
                connection = await asyncpg.connect(self._dsn)
                await connection.execute("SELECT 1")
        except asyncpg.TooManyConnectionsError:
            return True
        except (*_LOST, asyncpg.PostgresError):
            return False
        finally:
            if connection:
                connection.terminate()
        return True

    async def close(self) -> None:
        await self._held.all_back()
        snapshots = await self._snapshots.all_back()
        for reader in (*self._held.drain(), *snapshots):
            assert isinstance(reader, PostgresReader)
            try:
                await reader.connection.close(timeout=_GRACE_SECONDS)
            except (*_LOST, TimeoutError):
                reader.connection.terminate()

    async def _fetch_once(self, text: str, arguments: list[Any]) -> Fetched:
        reader = await self._held.take()
        try:
            rows = await reader.fetch(text, arguments)
        except asyncio.CancelledError:
            self._held.give_back_later(reader.mended())
            raise
        except TimedOut:
            self._held.give_back(reader)
            raise
        except BaseException:
            reader.connection.terminate()
            self._held.lose()
            raise
        self._held.give_back(reader)
        return rows

    async def _connect(self) -> PostgresReader:
        return PostgresReader(await self._connected(), self._dsn)

    async def _connect_snapshot(self) -> PostgresSnapshot:
        return PostgresSnapshot(await self._connected(), self._dsn)

    async def _connected(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self._dsn, timeout=_CONNECT_SECONDS)
        if self._seconds is not None:
            try:
                milliseconds = round((self._seconds + _GRACE_SECONDS) * 1000)
                await connection.execute(f"SET statement_timeout = {milliseconds}")
            except BaseException:
                connection.terminate()
                raise
        return connection
