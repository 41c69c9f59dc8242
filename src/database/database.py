"""The one door to the database: statements and their rows on one side, units of work on the other."""

from asyncio import CancelledError, Future, Lock, Task, create_task, gather, timeout, to_thread, wait
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from database.bulk import Work, committed
from database.faults import fault_of, faults_translated
from database.postgres import PostgresReaders
from database.readers import Readers
from database.sqlite import SqliteReaders
from database.statement import Statement
from database.usage import NO_REQUEST, current_usage
from database.watchdog import ReadWatchdog

R = TypeVar("R")
Observer = Callable[[str], None]

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
_FEW = 500
"""Rows that are given their shape at once."""
_MANY = 5_000
"""Values of a list that take the event loop some milliseconds to be given to the driver."""
_CONNECT_SECONDS = 3.0
_BUSY_SECONDS = 10.0
"""Of commands; a server that has a limit waits half as long for whoever else writes."""
_LOG_MILLISECONDS = 100
_SNAPSHOTS: dict[str, dict[str, Any]] = {
    "sqlite": {"is_snapshot": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


class Database:
    """`url` is as SQLAlchemy has it; the driver may be left out."""

    def __init__(
        self,
        url: str,
        *,
        readers: int = 4,
        read_seconds: float | None = None,
        write_seconds: float | None = None,
    ) -> None:
        """How long a read, and a unit of work, may take, waiting for a connection included; None for any
        time.
        """
        parsed = make_url(url)
        self.url = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        self.dialect_name = self.url.get_backend_name()
        self._write_seconds = write_seconds
        self.engine = _engine(
            self.url.render_as_string(hide_password=False), self.dialect_name, write_seconds
        )
        self._dropping: set[Task[None]] = set()
        self._sessions = async_sessionmaker(
            self.engine, expire_on_commit=False, info={"observe": self._observe}
        )
        self._readers: Readers = (
            SqliteReaders(self.url, readers)
            if self.dialect_name == "sqlite"
            else PostgresReaders(self.url, readers, read_seconds)
        )
        self._watchdog = ReadWatchdog(read_seconds, self._readers.are_there)
        # SQLite takes one writer at a time: waiting here is fair, waiting in SQLite is polling.
        self._writer: AbstractAsyncContextManager[Any] = (
            Lock() if self.dialect_name == "sqlite" else nullcontext()
        )
        self._observers: list[Observer] = []
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._on_write)

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        """Each statement sees what was committed before it began; within a moment, before the first began.

        Raises TIMEOUT when it was cut off, and UNAVAILABLE when the database cannot be reached.
        """
        compiled = statement.compiled(self.dialect_name)
        with current_usage() as usage, self._watchdog.read(usage):
            self._observe(compiled.text)
            try:
                source = usage.snapshot or self._readers
                fetched = await source.fetch(
                    compiled.text,
                    await to_thread(statement.arguments, compiled, parameters)
                    if _is_long(parameters)
                    else statement.arguments(compiled, parameters),
                )
            except Exception as error:
                if fault := fault_of(error):
                    raise fault.error() from error
                raise
        if len(fetched) <= _FEW:
            return statement.rows(compiled, fetched)
        rows: list[R] = []
        async for piece in usage.run_queue.batches(fetched):
            rows += statement.rows(compiled, piece)
        return rows

    async def await_others(self, reading: Collection[Future[Any]]) -> None:
        """What other requests read, well or not, for this one too. Raises TIMEOUT when it is cut off, as what
        is read for this one alone; the others go on.
        """
        with current_usage() as usage, self._watchdog.read(usage):
            await wait(reading)

    def begin_snapshot(self, *, is_large: bool = False) -> None:
        """From now on, all that is read for this request is as it was when the first of it is read; until the
        moment ends, or another one begins. `is_large`: whether much is made of it, which takes long.
        """
        self.end_snapshot()
        usage = current_usage()
        if usage is not NO_REQUEST:
            usage.snapshot = self._readers.snapshot(is_large=is_large)

    def end_snapshot(self) -> None:
        usage = current_usage()
        if usage.snapshot:
            usage.snapshot.end()
            usage.snapshot = None

    def stop_reading(self) -> None:
        """For this request, of which nobody waits for the answer any more: what is being read is cut off."""
        self._watchdog.cut_off(current_usage())

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: durable when the block is left, undone when it raises.

        Raises UNAVAILABLE when the database cannot do it in time; if that was while it committed, nobody
        knows whether it has.
        """
        with faults_translated(), current_usage():
            async with timeout(self._write_seconds), self._writer:
                session = self._sessions()
                try:
                    yield session
                    await session.commit()
                except CancelledError:
                    # It may not answer any more: nobody waits until it does.
                    self._drop_later(session.invalidate())
                    raise
                except BaseException:
                    await session.close()
                    raise
                await session.close()

    async def in_bulk(self, work: Work[R], *, seconds: float | None = None) -> R:
        """A unit of work that waits for nothing but its bulk: durable when it returns, undone when it raises,
        but for an end that nobody could tell.

        SQLAlchemy lends the connection, and no more: with small batches, its session took longer than
        they did. Raises the driver's own errors, and TimeoutError after so many seconds.
        """
        with current_usage():
            async with timeout(seconds), self._writer:
                connection = await self.engine.connect()
                try:
                    driver = (await connection.get_raw_connection()).driver_connection
                    done = await committed(self.dialect_name, driver, self._observe, work)
                except BaseException:
                    # Not one for the next to find: it may be broken, or in the middle of something.
                    self._drop_later(_dropped(connection))
                    raise
                await connection.close()
                return done

    async def empty_log(self) -> bool:
        """SQLite's: all of it goes into the database's file, and its own is cut to nothing.

        False while others read or write what is in it.
        """
        async with self._writer, self.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver
            # Writers wait meanwhile: not for as long as a reader may take.
            await driver.execute(f"PRAGMA busy_timeout = {_LOG_MILLISECONDS}")
            try:
                async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                    is_busy, *_ = await cursor.fetchone()
            finally:
                await driver.execute(f"PRAGMA busy_timeout = {_busy_milliseconds(self._write_seconds)}")
        return not is_busy

    def _drop_later(self, dropping: Coroutine[Any, Any, None]) -> None:
        task = create_task(dropping)
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """For reading alone: what was committed when it began, and nothing later. Holds up no writer."""
        with faults_translated():
            async with self._snapshot() as connection:
                yield connection

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncConnection]:
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
        self._watchdog.close()
        await self._readers.close()
        await gather(*self._dropping, return_exceptions=True)
        await self.engine.dispose()

    def _on_write(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        self._observe(text)

    def _observe(self, text: str) -> None:
        current_usage().statements += 1
        for observer in self._observers:
            observer(text)


async def _dropped(connection: AsyncConnection) -> None:
    await connection.invalidate()
    await connection.close()


def _engine(url: str, dialect_name: str, write_seconds: float | None) -> AsyncEngine:
    # What is logged of an error has no values in it.
    if dialect_name != "sqlite":
        return create_async_engine(
            url, pool_pre_ping=True, hide_parameters=True, **_postgres_options(write_seconds)
        )
    engine = create_async_engine(url, hide_parameters=True)
    busy = _busy_milliseconds(write_seconds)
    event.listen(engine.sync_engine, "connect", partial(_prepare_sqlite, busy))
    event.listen(engine.sync_engine, "begin", _begin_immediately)
    return engine


def _busy_milliseconds(write_seconds: float | None) -> int:
    return round(1000 * (_BUSY_SECONDS if write_seconds is None else write_seconds / 2))


def _postgres_options(write_seconds: float | None) -> dict[str, Any]:
    """Whoever waits for a row or a connection gives up before the unit of work must, and keeps nobody out."""
    if write_seconds is None:
        return {"connect_args": {"timeout": _CONNECT_SECONDS}}
    wait = write_seconds * 3 / 4
    return {
        "connect_args": {
            "timeout": min(_CONNECT_SECONDS, wait),
            "server_settings": {"lock_timeout": str(round(wait * 1000))},
        },
        "pool_timeout": wait,
    }


def _prepare_sqlite(busy_milliseconds: int, connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")
    cursor.close()


def _begin_immediately(connection: Any) -> None:
    # A transaction that begins as a reader cannot wait when it turns into a writer: it fails at once.
    is_snapshot = connection.get_execution_options().get("is_snapshot")
    connection.exec_driver_sql("BEGIN" if is_snapshot else "BEGIN IMMEDIATE")


def _is_long(parameters: dict[str, Any]) -> bool:
    return any(isinstance(value, list) and len(value) > _MANY for value in parameters.values())
