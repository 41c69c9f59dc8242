"""Connections that only read, held open with their statements prepared."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import aiosqlite
import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import URL

from base.errors import Unavailable

C = TypeVar("C")
Fetched = Sequence[Sequence[Any]]

_CACHED_STATEMENTS = 512
_BUSY_SECONDS = 10.0


class Readers(Protocol):
    async def fetch(self, text: str, arguments: list[Any]) -> Fetched: ...

    async def close(self) -> None: ...


class Held(Generic[C]):
    """Up to `limit` connections, opened when first needed; the one used last is the next, being warm."""

    def __init__(self, limit: int, connect: Callable[[], Awaitable[C]]) -> None:
        self._connect = connect
        self._free: deque[C] = deque()
        self._places = asyncio.Semaphore(limit)

    async def take(self) -> C:
        await self._places.acquire()
        if self._free:
            return self._free.pop()
        try:
            return await self._connect()
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: C) -> None:
        self._free.append(connection)
        self._places.release()

    def lose(self) -> None:
        self._places.release()

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
            return list(await connection.execute_fetchall(text, arguments))
        finally:
            self._held.give_back(connection)

    async def close(self) -> None:
        for connection in self._held.drain():
            await connection.close()

    async def _connect(self) -> aiosqlite.Connection:
        """Whoever is cancelled meanwhile closes it: it is a thread, which nobody else would end."""
        opening = asyncio.create_task(self._open())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await (await opening).close()
            raise

    async def _open(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(
            self._path, isolation_level=None, cached_statements=_CACHED_STATEMENTS, timeout=_BUSY_SECONDS
        )
        await connection.execute("PRAGMA query_only = ON")
        return connection


def away() -> Unavailable:
    return Unavailable("The database cannot be reached. Try again shortly.")


class PostgresReader:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self._prepared: dict[str, PreparedStatement] = {}

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched:
        statement = self._prepared.get(text)
        if statement is None:
            statement = self._prepared[text] = await self.connection.prepare(text)
        try:
            rows: Fetched = await statement.fetch(*arguments)
        except asyncpg.CharacterNotInRepertoireError:
            # PostgreSQL's text has no NUL, so nothing there is equal to a text that has one.
            return []
        return rows


class PostgresReaders:
    """A connection that broke is replaced and the statement asked once more: reading twice does no harm."""

    _LOST = (
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.TooManyConnectionsError,
        OSError,
    )
    _STALE = (asyncpg.InvalidCachedStatementError, asyncpg.InvalidSQLStatementNameError)

    def __init__(self, url: URL, limit: int) -> None:
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
            raise away() from error

    async def close(self) -> None:
        for reader in self._held.drain():
            await reader.connection.close()

    async def _fetch_once(self, text: str, arguments: list[Any]) -> Fetched:
        reader = await self._held.take()
        try:
            rows = await reader.fetch(text, arguments)
        except BaseException:
            reader.connection.terminate()
            self._held.lose()
            raise
        self._held.give_back(reader)
        return rows

    async def _connect(self) -> PostgresReader:
        return PostgresReader(await asyncpg.connect(self._dsn))
