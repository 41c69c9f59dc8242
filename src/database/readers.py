"""Connections that only read, held open with their statements prepared."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import aiosqlite
import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import URL

from base.errors import TimedOut, Unavailable
from database.faults import Fault

C = TypeVar("C")
Fetched = Sequence[Sequence[Any]]

_CACHED_STATEMENTS = 512
_BUSY_SECONDS = 10.0
_INTERRUPT_SECONDS = 0.01
_CANCEL_SECONDS = 0.25
_MEND_SECONDS = 10.0
_GRACE_SECONDS = 1.0
_PLACE_SECONDS = 4.0
_CONNECT_SECONDS = 3.0
_PULSE_SECONDS = 1.5


class Readers(Protocol):
    """Whoever is cancelled while it fetches ends the statement, too."""

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched: ...

    async def are_there(self) -> bool:
        """Whether the database answers anybody at all."""

    async def close(self) -> None: ...


class Held(Generic[C]):
    """Up to `limit` connections, opened when first needed; the one used last is the next, being warm."""

    def __init__(self, limit: int, connect: Callable[[], Awaitable[C]]) -> None:
        self._connect = connect
        self._free: deque[C] = deque()
        self._places = asyncio.Semaphore(limit)
        self._awaited: set[asyncio.Task[None]] = set()

    async def take(self) -> C:
        if self._places.locked():
            await self._wait_for_place()
        else:
            await self._places.acquire()
        if self._free:
            return self._free.pop()
        opening = asyncio.ensure_future(self._connect())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # It may be a thread, which nobody else would end.
            self.give_back_later(opening)
            raise
        except BaseException:
            self.lose()
            raise

    async def _wait_for_place(self) -> None:
        try:
            async with asyncio.timeout(_PLACE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable("All that may be read at a time is being read. Try again shortly.") from None

    def give_back(self, connection: C) -> None:
        self._free.append(connection)
        self._places.release()

    def lose(self) -> None:
        self._places.release()

    def give_back_later(self, sound: Awaitable[C | None]) -> None:
        """When it is sound again. None, or an error, where it is lost: whoever asks next hears of it."""

        async def wait() -> None:
            connection = None
            try:
                with suppress(Exception):
                    connection = await sound
            finally:
                if connection is None:
                    self.lose()
                else:
                    self.give_back(connection)

        # Nobody else waits for it, and the event loop alone would let go of it.
        task = asyncio.create_task(wait())
        self._awaited.add(task)
        task.add_done_callback(self._awaited.discard)

    async def all_back(self) -> None:
        """Of those that were to come back later."""
        await asyncio.gather(*self._awaited)

    def drain(self) -> list[C]:
        connections = list(self._free)
        self._free.clear()
        return connections


class SqliteReaders:
    def __init__(self, url: URL, limit: int) -> None:
        self._path = url.database or ""
        self._held = Held(limit, self._connect)

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched:
        connection = await self._held.take()
        try:
            rows = list(await connection.execute_fetchall(text, arguments))
        except asyncio.CancelledError:
            self._held.give_back_later(_interrupted(connection))
            raise
        except BaseException:
            self._held.give_back(connection)
            raise
        self._held.give_back(connection)
        return rows

    async def are_there(self) -> bool:
        return True

    async def close(self) -> None:
        await self._held.all_back()
        for connection in self._held.drain():
            await connection.close()

    async def _connect(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(
            self._path, isolation_level=None, cached_statements=_CACHED_STATEMENTS, timeout=_BUSY_SECONDS
        )
        await connection.execute("PRAGMA query_only = ON")
        return connection


async def _interrupted(connection: aiosqlite.Connection) -> aiosqlite.Connection:
    """When nothing runs on it any more. What comes next in its thread says so, and may be hit as well.

    Again and again: what is only about to begin is not interrupted.
    """

    async def next_one() -> None:
        with suppress(sqlite3.OperationalError):
            await connection.execute_fetchall("SELECT 1")

    following = asyncio.create_task(next_one())
    while not following.done():
        await connection.interrupt()
        await asyncio.wait({following}, timeout=_INTERRUPT_SECONDS)
    return connection


class PostgresReader:
    def __init__(self, connection: asyncpg.Connection, dsn: str) -> None:
        self.connection = connection
        self._dsn = dsn
        self._prepared: dict[str, PreparedStatement] = {}

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched:
        try:
            statement = self._prepared.get(text)
            if statement is None:
                statement = self._prepared[text] = await self.connection.prepare(text)
            rows: Fetched = await statement.fetch(*arguments)
        except asyncpg.CharacterNotInRepertoireError:
            # PostgreSQL's text has no NUL, so nothing there is equal to a text that has one.
            return []
        except asyncpg.QueryCanceledError:
            # By the server, after the time that it was given for each statement, or by an operator.
            raise TimedOut("The database has cut the statement off.") from None
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


class PostgresReaders:
    """A connection that broke is replaced and the statement asked once more: reading twice does no harm."""

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

    def __init__(self, url: URL, limit: int, read_seconds: float | None) -> None:
        """`read_seconds`: after which the server ends a statement if nobody else did."""
        self._seconds = read_seconds
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._held = Held(limit, self._connect)

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched:
        try:
            return await self._fetch_once(text, arguments)
        except (*self._LOST, *self._STALE):
            for reader in self._held.drain():
                reader.connection.terminate()
        try:
            return await self._fetch_once(text, arguments)
        except self._LOST as error:
            raise Fault.AWAY.told() from error

    async def are_there(self) -> bool:
        """Asked on a connection of its own. One that has no connection left is there, and busy."""
        connection: asyncpg.Connection | None = None
        try:
            async with asyncio.timeout(_PULSE_SECONDS):
                connection = await asyncpg.connect(self._dsn)
                await connection.execute("SELECT 1")
        except asyncpg.TooManyConnectionsError:
            return True
        except (*self._LOST, asyncpg.PostgresError):
            return False
        finally:
            if connection:
                connection.terminate()
        return True

    async def close(self) -> None:
        await self._held.all_back()
        for reader in self._held.drain():
            try:
                await reader.connection.close(timeout=_GRACE_SECONDS)
            except (*self._LOST, TimeoutError):
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
        connection = await asyncpg.connect(self._dsn, timeout=_CONNECT_SECONDS)
        if self._seconds is not None:
            try:
                milliseconds = round((self._seconds + _GRACE_SECONDS) * 1000)
                await connection.execute(f"SET statement_timeout = {milliseconds}")
            except BaseException:
                connection.terminate()
                raise
        return PostgresReader(connection, self._dsn)
