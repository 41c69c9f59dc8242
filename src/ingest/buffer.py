"""Group commit: calls that come in together share a transaction, and are answered after it.

While one batch is being written the next one gathers, so the busier it is the larger the batches.
"""

import logging
import sqlite3
from asyncio import Event, Future, Task, create_task, get_running_loop, sleep, timeout
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from base.errors import Unavailable
from database import Database
from ingest.events import NewEvent
from ingest.freshness import refresh
from ingest.store import EventKey, store
from models import Publication

log = logging.getLogger("viewgraph")

_PASSING = (
    OSError,
    TimeoutError,
    sqlite3.OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
)
"""Errors of the database's state, not of what was to be written."""


class Outcome(NamedTuple):
    """What became of the events of one call."""

    new: set[EventKey]
    poisonous: set[EventKey]
    """Those that the database will not take, whatever stands around them."""


class _Call(NamedTuple):
    events: Sequence[NewEvent]
    refreshed: frozenset[int]
    """Publications whose makers are to see this at once, by id."""
    done: "Future[Outcome]"


class Sizes(NamedTuple):
    batch: int = 5_000
    """So many events at most share a transaction; a larger call has one of its own."""
    capacity: int = 50_000
    """So many events may wait; then callers do."""
    linger: float = 0.002
    """So many seconds a batch waits for company when nothing is being written."""
    patience: float = 5.0
    """So many seconds a caller waits for room, and the database may be away, before UNAVAILABLE."""


_USUAL = Sizes()


class Buffer:
    def __init__(self, database: Database, sizes: Sizes = _USUAL) -> None:
        self._database = database
        self._sizes = sizes
        self._calls: deque[_Call] = deque()
        self._waiting = 0
        self._arrived = Event()
        self._room = Event()
        self._room.set()
        self._writer: Task[None] | None = None
        self._is_closing = False

    async def add(self, events: Sequence[NewEvent], *, refreshed: frozenset[int] = frozenset()) -> Outcome:
        """After the commit. Raises UNAVAILABLE when there is no room, or no database, for too long."""
        if not events:
            return Outcome(set(), set())
        await self._wait_for_room()
        call = _Call(events, refreshed, get_running_loop().create_future())
        self._calls.append(call)
        self._grow(len(events))
        self._arrived.set()
        if self._writer is None:
            self._writer = create_task(self._write_forever())
        return await call.done

    async def close(self) -> None:
        """What was taken in is still written."""
        self._is_closing = True
        self._arrived.set()
        if self._writer:
            await self._writer

    async def _wait_for_room(self) -> None:
        if self._is_closing:
            raise _full()
        try:
            async with timeout(self._sizes.patience):
                while not self._room.is_set():
                    await self._room.wait()
        except TimeoutError:
            raise _full() from None

    def _grow(self, events: int) -> None:
        self._waiting += events
        if self._waiting >= self._sizes.capacity:
            self._room.clear()
        else:
            self._room.set()

    async def _write_forever(self) -> None:
        while self._calls or not self._is_closing:
            if not self._calls:
                self._arrived.clear()
                await self._arrived.wait()
                await self._gather()
                continue
            calls = self._take()
            await self._write(calls)
            self._grow(-sum(len(call.events) for call in calls))

    async def _gather(self) -> None:
        if not self._is_closing and self._waiting < self._sizes.batch:
            await sleep(self._sizes.linger)

    def _take(self) -> list[_Call]:
        calls = [self._calls.popleft()]
        size = len(calls[0].events)
        while self._calls and size + len(self._calls[0].events) <= self._sizes.batch:
            calls.append(self._calls.popleft())
            size += len(calls[-1].events)
        return calls

    async def _write(self, calls: list[_Call]) -> None:
        """Answers every call, whatever happens."""
        try:
            outcome = await self._written(calls)
        except Exception as error:
            if not _is_passing(error):
                log.exception("A batch of events failed")
            for call in calls:
                if not call.done.done():
                    call.done.set_exception(
                        Unavailable(
                            "Events cannot be stored right now. Send them again shortly.", retry_after=5
                        )
                    )
            return
        _answer(calls, outcome)

    async def _written(self, calls: list[_Call]) -> Outcome:
        events = [event for call in calls for event in call.events]
        refreshed = frozenset().union(*(call.refreshed for call in calls))
        try:
            return Outcome(await self._stored(events, refreshed), set())
        except Exception as error:
            if _is_passing(error):
                raise
            log.warning("A batch of %d events was refused and is taken apart", len(events), exc_info=error)
        return await self._stored_apart(events, refreshed)

    async def _stored_apart(self, events: Sequence[NewEvent], refreshed: frozenset[int]) -> Outcome:
        """By halves, until what the database will not take stands alone."""
        try:
            return Outcome(await self._stored(events, refreshed), set())
        except Exception as error:
            if _is_passing(error):
                raise
            if len(events) == 1:
                return Outcome(set(), {(events[0].tenant_id, events[0].id)})
        middle = len(events) // 2
        first = await self._stored_apart(events[:middle], refreshed)
        second = await self._stored_apart(events[middle:], refreshed)
        return Outcome(first.new | second.new, first.poisonous | second.poisonous)

    async def _stored(self, events: Sequence[NewEvent], refreshed: frozenset[int]) -> set[EventKey]:
        """Tried again while the database is away, as long as callers have patience."""
        deadline = get_running_loop().time() + self._sizes.patience
        pause = 0.05
        while True:
            try:
                return await self._store_once(events, refreshed)
            except Exception as error:
                if not _is_passing(error) or get_running_loop().time() + pause > deadline:
                    raise
                log.warning("The database is away, trying again: %s", error)
            await sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _store_once(self, events: Sequence[NewEvent], refreshed: frozenset[int]) -> set[EventKey]:
        async with self._database.writing() as session:
            if refreshed:
                await refresh(session, col(Publication.id).in_(sorted(refreshed)))
            return await store(session, events)


def _answer(calls: list[_Call], outcome: Outcome) -> None:
    """An id that several calls have is new to the first of them alone."""
    unclaimed = set(outcome.new)
    for call in calls:
        keys = {(event.tenant_id, event.id) for event in call.events}
        mine = keys & unclaimed
        unclaimed -= mine
        if not call.done.done():
            call.done.set_result(Outcome(mine, keys & outcome.poisonous))


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and _is_passing(error.orig))
    if error.__cause__ is not None and isinstance(error.__cause__, _PASSING):
        return True
    return isinstance(error, _PASSING)


def _full() -> Unavailable:
    return Unavailable("Too many events are waiting. Send these again shortly.", retry_after=5)
