"""The database: it runs statements that read, and units of work."""

from asyncio import CancelledError, Future, Lock, Task, create_task, gather, timeout, to_thread, wait
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from sqlalchemy import QueuePool, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker

from database.addresses import url_of
from database.bulk.transactions import Work, committed, committed_in_background
from database.cluster import Cluster
from database.commits import Commits
from database.engine import engine_of
from database.faults import fault_of, faults_translated
from database.held import HeldConnections, dropped
from database.postgres import PostgresReaders
from database.readers import Connections, Readers
from database.reading import snapshot_of
from database.snapshot import Fetched, SingleRead
from database.sqlite import SqliteReaders
from database.sqlite_log import SqliteLog
from database.statement import Compiled, Statement, columns_of
from database.turns import in_turns
from database.usage import NO_REQUEST, current_usage
from database.watchdog import ReadWatchdog

R = TypeVar("R")
S = TypeVar("S")
Observer = Callable[[str], None]

_FEW = 500
"""So many rows are converted at once; more are converted in turns."""
_MANY = 5_000
"""To convert a longer list of values for the driver takes milliseconds, so a thread does it."""


class Database:
    """`url` is a URL of SQLAlchemy; it may leave the driver out."""

    def __init__(
        self,
        url: str,
        *,
        readers: int = 4,
        read_seconds: float | None = None,
        write_seconds: float | None = None,
    ) -> None:
        """`read_seconds` limits a read and `write_seconds` a unit of work. Both include the wait for a
        connection. None is no limit.
        """
        self.url = url_of(url)
        self.dialect_name = self.url.get_backend_name()
        self._write_seconds = write_seconds
        self._cluster = Cluster()
        self.engine = engine_of(self.url, write_seconds, self._cluster)
        self._held = HeldConnections(self.engine)
        self._log = SqliteLog(self.engine, write_seconds)
        self._dropping: set[Task[None]] = set()
        self._sessions = async_sessionmaker(
            self.engine,
            expire_on_commit=False,
            info={"observe": self._observe_write, "cluster": self._cluster},
        )
        self._readers: Readers = (
            SqliteReaders(self.url, readers)
            if self.dialect_name == "sqlite"
            else PostgresReaders(self.url, readers, read_seconds, self._cluster)
        )
        self._watchdog = ReadWatchdog(read_seconds, self._readers.is_reachable)
        # SQLite takes one writer at a time: waiting here is fair, waiting in SQLite is polling.
        self._writer: AbstractAsyncContextManager[Any] = (
            Lock() if self.dialect_name == "sqlite" else nullcontext()
        )
        self._observers: list[Observer] = []
        self.commits = Commits()
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._on_write)

    @property
    def is_cluster(self) -> bool:
        """Whether several machines share the tables of tenants. It is known from the first connection on."""
        return self._cluster.is_there

    async def look(self) -> None:
        """Connects once, if the database can be reached."""
        await self._readers.is_reachable()

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        """Runs a statement that reads. It sees what was committed before it began. Within a snapshot it sees
        what was committed before the snapshot's first statement began.

        Raises TIMEOUT when it is cut off, and UNAVAILABLE when the database cannot be reached.
        """
        compiled = statement.compiled(self.dialect_name)
        return await self._fetched(statement, compiled, parameters, partial(statement.rows, compiled))

    async def fetch_columns(
        self, statement: Statement[Any], made: Callable[[list[Sequence[Any]]], list[R]], /, **parameters: Any
    ) -> list[R]:
        """The same, with the rows that `made` makes of the columns. Of many rows, it gets some hundreds at a
        time; of no row, it gets nothing.
        """
        compiled = statement.compiled(self.dialect_name)

        def rows(fetched: Fetched) -> list[R]:
            return made(columns_of(compiled, fetched)) if fetched else []

        return await self._fetched(statement, compiled, parameters, rows)

    async def _fetched(
        self,
        statement: Statement[Any],
        compiled: Compiled,
        parameters: dict[str, Any],
        rows: Callable[[Fetched], list[R]],
    ) -> list[R]:
        with current_usage() as usage, self._watchdog.read(usage):
            self._observe(compiled.text)
            began = perf_counter()
            try:
                source = usage.snapshot or self._readers
                fetched = await source.fetch(
                    compiled,
                    await to_thread(statement.arguments, compiled, parameters)
                    if _is_long(parameters)
                    else statement.arguments(compiled, parameters),
                )
            except Exception as error:
                if fault := fault_of(error):
                    raise fault.error() from error
                raise
            usage.note("statement", began, compiled.text)
        return rows(fetched) if len(fetched) <= _FEW else await in_turns(fetched, rows, usage)

    async def await_others(self, reading: Collection[Future[Any]]) -> None:
        """Waits until other requests have read what this one needs too, whether they succeed or not.

        Raises TIMEOUT when the wait is cut off, as a read of this request would be. The others go on.
        """
        with current_usage() as usage, self._watchdog.read(usage):
            await wait(reading)

    def begin_snapshot(self, *, is_large: bool = False, reads_once: bool = False) -> None:
        """Begins a snapshot. From its next read on, this request reads everything as it is then, until the
        snapshot ends or another one begins. `is_large`: whether much is computed from it, which takes long.
        `reads_once`: whether one statement is expected. Then it costs nothing, but a second statement raises
        UNAVAILABLE, and `was_read_again` says why.
        """
        self.end_snapshot()
        usage = current_usage()
        if usage is not NO_REQUEST:
            readers = self._readers
            usage.snapshot = SingleRead(readers.fetch) if reads_once else readers.snapshot(is_large=is_large)

    def end_snapshot(self) -> None:
        usage = current_usage()
        if usage.snapshot:
            usage.snapshot.end()
            usage.snapshot = None

    def stop_reading(self) -> None:
        """Cuts off what is being read for this request, because nobody waits for its answer any more."""
        self._watchdog.cut_off(current_usage())

    @asynccontextmanager
    async def writing(self, *, is_change: bool = True) -> AsyncIterator[AsyncSession]:
        """A unit of work: durable when the block is left, undone when it raises. `is_change`: whether an
        answer can depend on it.

        Raises UNAVAILABLE when the database cannot do it in time. If that happens during the commit, nobody
        knows whether the work is durable.
        """
        with faults_translated(), current_usage(), self.commits.noted(is_change=is_change):
            async with timeout(self._write_seconds), self._writer:
                session = self._sessions()
                try:
                    yield session
                    await session.commit()
                except CancelledError:
                    # The connection may not answer any more, so nobody waits until it does.
                    self._drop_later(session.invalidate())
                    raise
                except BaseException:
                    await session.close()
                    raise
                await session.close()

    async def in_bulk(self, work: Work[R], *, seconds: float | None = None) -> R:
        """A unit of work that counts events, and waits for nothing but its bulk: durable when it returns,
        undone when it raises. If it raises during the commit, nobody may know which.

        SQLAlchemy only makes the connection: its session took longer than a small batch itself. Raises the
        driver's own errors, and TimeoutError after so many seconds.
        """
        with current_usage(), self.commits.noted(is_count=True):
            return await self._committed(committed, work, seconds)

    async def in_background(self, work: Work[R]) -> tuple[R, float]:
        """A unit of work that nobody waits for, on which no answer depends, and that can be done again:
        undone when it raises, or when the machine fails shortly afterwards. It waits for nothing but its
        bulk. Returns also for how many seconds it kept the database.

        Raises UNAVAILABLE when the database cannot do it in time.
        """
        with faults_translated(), current_usage():
            done = await self._committed(committed_in_background, work, self._write_seconds)
            if self.dialect_name == "sqlite":
                await self._log.keep_short()
        return done

    async def _committed(
        self, commit: Callable[..., Coroutine[Any, Any, S]], work: Work[Any], seconds: float | None
    ) -> S:
        async with timeout(seconds), self._writer:
            held = await self._held.take()
            try:
                done = await commit(self.dialect_name, held.driver, self._observe_write, self._cluster, work)
            except BaseException:
                # The next unit of work must not find the connection: it may be broken, or in the middle
                # of something.
                self._drop_later(dropped(held.connection))
                raise
            await self._held.give_back(held)
            return done

    async def expect(self, pragmas: Iterable[str]) -> None:
        """Prepares the connection of SQLite's batches, for a command that stores many events."""
        async with self._writer:
            await self._held.execute(pragmas)

    async def version_of_others(self) -> object:
        """Changes when somebody else has written to SQLite's file. None where many may write at once."""
        async with self._writer:
            return await self._held.version_of_others()

    async def empty_log(self) -> bool:
        """Moves all of SQLite's log into the database's file, and cuts the log's own file to nothing.

        Returns False while others read or write what is in the log.
        """
        async with self._writer:
            return await self._log.empty()

    def _drop_later(self, dropping: Coroutine[Any, Any, None]) -> None:
        task = create_task(dropping)
        self._dropping.add(task)
        task.add_done_callback(self._dropping.discard)
        # A commit that was cut off may have come through meanwhile.
        task.add_done_callback(lambda _: self.commits.note(is_change=True))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads. It sees what was committed when it began. No writer waits for it."""
        with faults_translated():
            async with snapshot_of(self.engine) as connection:
                yield connection

    def connections(self) -> Connections:
        slots, pool = self._readers.running, self.engine.pool
        assert isinstance(pool, QueuePool)
        return Connections(slots.taken, slots.waiting, slots.limit, pool.checkedout() - self._held.idle)

    @contextmanager
    def observed(self, observer: Observer) -> Iterator[None]:
        """Calls `observer` with the text of each statement that reaches the database."""
        self._observers.append(observer)
        try:
            yield
        finally:
            self._observers.remove(observer)

    async def close(self) -> None:
        self._watchdog.close()
        await self._readers.close()
        await gather(*self._dropping, return_exceptions=True)
        await self._held.close()
        await self.engine.dispose()

    def _on_write(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        self._observe_write(text)

    def _observe_write(self, text: str) -> None:
        self._observe(text)
        current_usage().begin_write(text)

    def _observe(self, text: str) -> None:
        current_usage().statements += 1
        for observer in self._observers:
            observer(text)


def _is_long(parameters: dict[str, Any]) -> bool:
    return any(isinstance(value, list) and len(value) > _MANY for value in parameters.values())
