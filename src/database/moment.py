"""What one operation reads, all of it as it was at one time."""

import asyncio
from asyncio import CancelledError, Lock, Task
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from base.errors import TimedOut
from database.faults import Fault
from database.held import Held, Places

Fetched = Sequence[Sequence[Any]]


class SnapshotLost(Exception):
    """What the database kept for this connection is gone."""


class Snapshot(Protocol):
    """A connection that sees what was committed when it read first, and nothing later, until it ends."""

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched: ...

    async def settled(self) -> bool:
        """After somebody was cancelled who fetched: whether it still sees the same."""

    def end(self) -> Awaitable[bool] | None:
        """Of what it sees. Whether it can be used again, where that takes a while to know."""

    def drop(self) -> None: ...


S = TypeVar("S", bound=Snapshot)


class Snapshots:
    """Connections for moments, each of which has one from its first statement to its end.

    While it has it, it mostly computes. So there are more of them than statements that run at a time; and
    some are left to those who are soon done.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Snapshot]],
        running: Places,
        *,
        limit: int,
        limit_of_large: int,
        lost: tuple[type[Exception], ...] = (),
    ) -> None:
        """`running`: shared with whatever else is read. `lost`: by what is told that a connection is gone."""
        self.running = running
        self.lost: tuple[type[Exception], ...] = (SnapshotLost, *lost)
        self._held: Held[Snapshot] = Held(Places(limit), connect)
        self._large = Places(limit_of_large)
        self._tasks: set[Task[None]] = set()

    async def take(self, *, is_large: bool) -> Snapshot:
        if not is_large:
            return await self._held.take()
        # As long as it may take itself: its neighbours take as long.
        await self._large.take_in_turn()
        try:
            return await self._held.take()
        except BaseException:
            self._large.give_back()
            raise

    def give_back(self, snapshot: Snapshot, *, is_large: bool) -> None:
        if ending := snapshot.end():
            self._held.give_back_later(_sound(snapshot, ending))
        else:
            self._held.give_back(snapshot)
        if is_large:
            self._large.give_back()

    def lose(self, snapshot: Snapshot, *, is_large: bool) -> None:
        snapshot.drop()
        self._held.lose()
        if is_large:
            self._large.give_back()

    def drop_free(self) -> None:
        for snapshot in self._held.drain():
            snapshot.drop()

    def go_on(self, work: Coroutine[Any, Any, None]) -> None:
        """When whoever began it is gone."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def all_back(self) -> list[Snapshot]:
        """Those that nobody uses, to be closed."""
        await asyncio.gather(*self._tasks)
        await self._held.all_back()
        return self._held.drain()


async def _sound(snapshot: Snapshot, ending: Awaitable[bool]) -> Snapshot | None:
    return snapshot if await ending else None


class Moment:
    """Begins with the first statement. One statement after the other, as one connection has them."""

    __slots__ = (
        "_has_read",
        "_is_large",
        "_is_lost",
        "_is_over",
        "_is_running",
        "_snapshot",
        "_snapshots",
        "_turn",
    )

    def __init__(self, snapshots: Snapshots, *, is_large: bool) -> None:
        self._snapshots = snapshots
        self._is_large = is_large
        self._snapshot: Snapshot | None = None
        self._turn = Lock()
        self._is_running = False
        self._has_read = False
        self._is_lost = False
        self._is_over = False

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched:
        """Raises UNAVAILABLE once what it saw is gone: rather no answer than one of two moments."""
        await self._turn.acquire()
        try:
            rows = await self._fetched(text, arguments)
        except CancelledError:
            if self._is_running:
                self._snapshots.go_on(self._settle())
            else:
                self._pass_on()
            raise
        except BaseException:
            self._pass_on()
            raise
        self._pass_on()
        return rows

    def end(self) -> None:
        """What still runs, ends first."""
        self._is_over = True
        if not self._turn.locked():
            self._give_back()

    async def _fetched(self, text: str, arguments: list[Any]) -> Fetched:
        if self._is_over:
            raise TimedOut("Nobody waits for the answer any more.")
        if self._is_lost:
            raise Fault.AWAY.told()
        lost = self._snapshots.lost
        try:
            return await self._fetched_once(text, arguments)
        except lost as error:
            self._lose()
            if self._has_read:
                self._is_lost = True
                raise Fault.AWAY.told() from error
            # One that was ended while nobody used it, as are the others then.
            self._snapshots.drop_free()
        try:
            return await self._fetched_once(text, arguments)
        except lost as error:
            self._lose()
            raise Fault.AWAY.told() from error

    async def _fetched_once(self, text: str, arguments: list[Any]) -> Fetched:
        snapshots = self._snapshots
        if self._snapshot is None:
            self._snapshot = await snapshots.take(is_large=self._is_large)
        await snapshots.running.take()
        self._is_running = True
        try:
            rows = await self._snapshot.fetch(text, arguments)
        except CancelledError:
            raise
        except BaseException:
            self._stop_running()
            raise
        self._stop_running()
        self._has_read = True
        return rows

    async def _settle(self) -> None:
        """After a statement that was cut off: the others of this moment still have it."""
        assert self._snapshot
        is_settled = False
        try:
            with suppress(Exception):
                is_settled = await self._snapshot.settled()
        finally:
            self._stop_running()
            if not is_settled:
                self._lose()
                self._is_lost = True
            self._pass_on()

    def _stop_running(self) -> None:
        self._is_running = False
        self._snapshots.running.give_back()

    def _pass_on(self) -> None:
        self._turn.release()
        if self._is_over:
            self._give_back()

    def _give_back(self) -> None:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot:
            self._snapshots.give_back(snapshot, is_large=self._is_large)

    def _lose(self) -> None:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot:
            self._snapshots.lose(snapshot, is_large=self._is_large)
