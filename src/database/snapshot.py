"""Snapshots: one operation reads everything as it was at one time."""

import asyncio
from asyncio import CancelledError, Lock, Task
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol

from base.errors import TimedOut
from database.faults import Fault
from database.pool import Pool, Slots
from database.statement import Compiled

Fetched = Sequence[Sequence[Any]]


class SnapshotLost(Exception):
    """The database no longer keeps what this connection saw."""


class SnapshotConnection(Protocol):
    """A connection that sees what was committed before its first read, and nothing later, until `end`."""

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched: ...

    async def recovered(self) -> bool:
        """Waits for the end of a statement that was cancelled. Says whether it still sees the same."""

    def end(self) -> Awaitable[bool] | None:
        """Ends the snapshot. The awaitable, if there is one, says whether the connection can be reused."""

    def drop(self) -> None: ...


class SnapshotPool:
    """Connections for snapshots. Each snapshot has one from its first statement to its end.

    An operation mostly computes while it has the connection. So there are more connections than statements
    that run at a time, and some are reserved for snapshots that end soon.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[SnapshotConnection]],
        running: Slots,
        *,
        limit: int,
        limit_of_large: int,
        lost: tuple[type[Exception], ...] = (),
    ) -> None:
        """`running` is shared with all other reads. `lost` are the errors of a connection that is gone."""
        self.running = running
        self.lost: tuple[type[Exception], ...] = (SnapshotLost, *lost)
        self._pool: Pool[SnapshotConnection] = Pool(Slots(limit), connect)
        self._large = Slots(limit_of_large)
        self._tasks: set[Task[None]] = set()

    async def take(self, *, is_large: bool) -> SnapshotConnection:
        if not is_large:
            return await self._pool.take()
        # This wait has no limit but the caller's own: the snapshots before it take as long as this one.
        await self._large.take_in_turn()
        try:
            return await self._pool.take()
        except BaseException:
            self._large.give_back()
            raise

    def give_back(self, connection: SnapshotConnection, *, is_large: bool) -> None:
        if ending := connection.end():
            self._pool.give_back_later(_sound(connection, ending))
        else:
            self._pool.give_back(connection)
        if is_large:
            self._large.give_back()

    def lose(self, connection: SnapshotConnection, *, is_large: bool) -> None:
        connection.drop()
        self._pool.lose()
        if is_large:
            self._large.give_back()

    def drop_free(self) -> None:
        for connection in self._pool.drain():
            connection.drop()

    def go_on(self, work: Coroutine[Any, Any, None]) -> None:
        """Finishes the work of a task that was cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def all_back(self) -> list[SnapshotConnection]:
        """Waits until all connections are back, and returns them, to be closed."""
        await asyncio.gather(*self._tasks)
        await self._pool.all_back()
        return self._pool.drain()


async def _sound(connection: SnapshotConnection, ending: Awaitable[bool]) -> SnapshotConnection | None:
    return connection if await ending else None


class Reading(Protocol):
    """What the statements of an operation run in."""

    was_read_again: bool
    """Whether one statement was expected, and a second one came. Then the operation has to begin anew."""

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched: ...

    def end(self) -> None: ...


class SingleRead:
    """A snapshot for one statement, which needs no transaction: it sees one moment by itself.

    A second statement would see a later moment. So it raises UNAVAILABLE, and the operation begins anew.
    """

    __slots__ = ("_fetch", "_has_read", "was_read_again")

    def __init__(self, fetch: Callable[[Compiled, list[Any]], Awaitable[Fetched]]) -> None:
        self._fetch = fetch
        self._has_read = False
        self.was_read_again = False

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        if self._has_read:
            self.was_read_again = True
            raise Fault.AWAY.error()
        self._has_read = True
        return await self._fetch(statement, arguments)

    def end(self) -> None:
        """Nothing to do: the statement has a connection only while it runs."""


class Snapshot:
    """Begins with the first statement. Runs one statement after the other, as a connection does."""

    __slots__ = (
        "_connection",
        "_has_read",
        "_is_large",
        "_is_lost",
        "_is_over",
        "_is_running",
        "_pool",
        "_turn",
    )

    was_read_again = False

    def __init__(self, pool: SnapshotPool, *, is_large: bool) -> None:
        self._pool = pool
        self._is_large = is_large
        self._connection: SnapshotConnection | None = None
        self._turn = Lock()
        self._is_running = False
        self._has_read = False
        self._is_lost = False
        self._is_over = False

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        """Raises UNAVAILABLE once what it saw is gone: no answer is better than an answer from two times."""
        await self._turn.acquire()
        try:
            rows = await self._fetched(statement, arguments)
        except CancelledError:
            if self._is_running:
                self._pool.go_on(self._recover())
            else:
                self._pass_on()
            raise
        except BaseException:
            self._pass_on()
            raise
        self._pass_on()
        return rows

    def end(self) -> None:
        """Ends the snapshot. A statement that still runs ends first."""
        self._is_over = True
        if not self._turn.locked():
            self._give_back()

    async def _fetched(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        if self._is_over:
            raise TimedOut("Nobody waits for the answer any more.")
        if self._is_lost:
            raise Fault.AWAY.error()
        lost = self._pool.lost
        try:
            return await self._fetched_once(statement, arguments)
        except lost as error:
            self._lose()
            if self._has_read:
                self._is_lost = True
                raise Fault.AWAY.error() from error
            # It was lost while nobody used it, and the other free ones are lost too.
            self._pool.drop_free()
        try:
            return await self._fetched_once(statement, arguments)
        except lost as error:
            self._lose()
            raise Fault.AWAY.error() from error

    async def _fetched_once(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        pool = self._pool
        if self._connection is None:
            self._connection = await pool.take(is_large=self._is_large)
        await pool.running.take()
        self._is_running = True
        try:
            rows = await self._connection.fetch(statement, arguments)
        except CancelledError:
            raise
        except BaseException:
            self._stop_running()
            raise
        self._stop_running()
        self._has_read = True
        return rows

    async def _recover(self) -> None:
        """Recovers the connection after a statement was cut off: others of this snapshot still need it."""
        assert self._connection
        is_recovered = False
        try:
            with suppress(Exception):
                is_recovered = await self._connection.recovered()
        finally:
            self._stop_running()
            if not is_recovered:
                self._lose()
                self._is_lost = True
            self._pass_on()

    def _stop_running(self) -> None:
        self._is_running = False
        self._pool.running.give_back()

    def _pass_on(self) -> None:
        self._turn.release()
        if self._is_over:
            self._give_back()

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            self._pool.give_back(connection, is_large=self._is_large)

    def _lose(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            self._pool.lose(connection, is_large=self._is_large)
