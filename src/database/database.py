"""The one door to the database: statements and their rows on one side, units of work on the other."""

from asyncio import Future, Lock, wait
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from database.bulk import Work, committed
from database.readers import PostgresReaders, Readers, SqliteReaders, away
from database.reading import Readings
from database.statement import Statement
from database.usage import current_usage

R = TypeVar("R")
Observer = Callable[[str], None]

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
_BUSY_MILLISECONDS = 10_000
_FEW = 500
"""Rows that are given their shape at once."""
_SNAPSHOTS: dict[str, dict[str, Any]] = {
    "sqlite": {"is_snapshot": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


class Database:
    """`url` is as SQLAlchemy has it; the driver may be left out."""

    def __init__(self, url: str, *, readers: int = 4, read_seconds: float | None = None) -> None:
        """`read_seconds`: how long a read may take, waiting for a reader included; None for any time."""
        parsed = make_url(url)
        self.url = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        self.dialect_name = self.url.get_backend_name()
        self.engine = _engine(self.url.render_as_string(hide_password=False), self.dialect_name)
        self._sessions = async_sessionmaker(
            self.engine, expire_on_commit=False, info={"observe": self._observe}
        )
        self._readers: Readers = (
            SqliteReaders(self.url, readers)
            if self.dialect_name == "sqlite"
            else PostgresReaders(self.url, readers, read_seconds)
        )
        self._readings = Readings(read_seconds)
        # SQLite takes one writer at a time: waiting here is fair, waiting in SQLite is polling.
        self._writer: AbstractAsyncContextManager[Any] = (
            Lock() if self.dialect_name == "sqlite" else nullcontext()
        )
        self._observers: list[Observer] = []
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._on_write)

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        """Each statement sees what was committed before it began.

        Raises TIMEOUT when it was cut off, and UNAVAILABLE when the database cannot be reached.
        """
        compiled = statement.compiled(self.dialect_name)
        with current_usage() as usage, self._readings.read(usage):
            self._observe(compiled.text)
            fetched = await self._readers.fetch(compiled.text, statement.arguments(compiled, parameters))
        if len(fetched) <= _FEW:
            return statement.rows(compiled, fetched)
        rows: list[R] = []
        async for piece in usage.line.pieces(fetched):
            rows += statement.rows(compiled, piece)
        return rows

    async def await_others(self, reading: Collection[Future[Any]]) -> None:
        """What other requests read, well or not, for this one too. Raises TIMEOUT when it is cut off, as what
        is read for this one alone; the others go on.
        """
        with current_usage() as usage, self._readings.read(usage):
            await wait(reading)

    def stop_reading(self) -> None:
        """For this request, of which nobody waits for the answer any more: what is being read is cut off."""
        self._readings.cut_off(current_usage())

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: durable when the block is left, undone when it raises.

        Raises UNAVAILABLE when the database cannot be reached.
        """
        try:
            with current_usage():
                async with self._writer, self._sessions() as session:
                    yield session
                    await session.commit()
        except (OSError, DBAPIError) as error:
            if isinstance(error, DBAPIError) and not error.connection_invalidated:
                raise
            raise away() from error

    async def in_bulk(self, work: Work[R]) -> R:
        """A unit of work that waits for nothing but its bulk: durable when it returns, undone when it raises.

        SQLAlchemy lends the connection, and no more: with small batches, its session took longer than
        they did. Raises the driver's own errors.
        """
        with current_usage():
            return await self._in_bulk(work)

    async def _in_bulk(self, work: Work[R]) -> R:
        async with self._writer, self.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            try:
                return await committed(self.dialect_name, driver, self._observe, work)
            except BaseException:
                # Not one for the next to find: it may be broken, or in the middle of something.
                await connection.invalidate()
                raise

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """For reading alone: what was committed when it began, and nothing later. Holds up no writer."""
        async with self.engine.connect() as connection:
            options = _SNAPSHOTS[self.dialect_name]
            await connection.execution_options(**options)
            if self.dialect_name == "postgresql":
                # Before the snapshot is taken: a partition that is dropped is missing from older ones too.
                await connection.exec_driver_sql("LOCK TABLE events IN ACCESS SHARE MODE")
            yield connection

    @contextmanager
    def observed(self, observer: Observer) -> Iterator[None]:
        """`observer` is told the text of each statement that reaches the database."""
        self._observers.append(observer)
        try:
            yield
        finally:
            self._observers.remove(observer)

    async def close(self) -> None:
        self._readings.close()
        await self._readers.close()
        await self.engine.dispose()

    def _on_write(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        self._observe(text)

    def _observe(self, text: str) -> None:
        current_usage().statements += 1
        for observer in self._observers:
            observer(text)


def _engine(url: str, dialect_name: str) -> AsyncEngine:
    # What is logged of an error has no values in it.
    if dialect_name != "sqlite":
        return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_async_engine(url, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediately)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.close()


def _begin_immediately(connection: Any) -> None:
    # A transaction that begins as a reader cannot wait when it turns into a writer: it fails at once.
    is_snapshot = connection.get_execution_options().get("is_snapshot")
    connection.exec_driver_sql("BEGIN" if is_snapshot else "BEGIN IMMEDIATE")
