"""Group commit: calls that come in together share a transaction, and are answered after it.

While one batch is being written the next one gathers, so the busier it is the larger the batches.
"""

import logging
import sqlite3
from asyncio import Event, Future, Task, TimerHandle, create_task, get_running_loop, sleep, timeout
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from enum import IntEnum
from itertools import compress
from typing import NamedTuple

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from base.errors import Unavailable
from database import Bulk, Database, fault_of
from ingest.domain_caps import USUAL_CAPS, DomainCaps
from ingest.events import NewEvent
from ingest.publication_revisions import raise_revisions
from ingest.store import counted_anew, stored
from ingest.topics import Topics, topics_of

log = logging.getLogger("viewgraph")

_OF_THE_DATABASE = (OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError)
_OF_THE_EVENTS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
)
"""Of the database too, but about what was to be written."""


class Fate(IntEnum):
    """What became of an event."""

    NEW = 1
    KNOWN = 2
    """It was stored before."""
    POISONOUS = 3
    """The database will not take it, whatever stands around it."""


class _Call:
    __slots__ = ("deadline", "done", "events", "fates", "places", "refreshed")

    def __init__(self, events: Sequence[NewEvent], refreshed: frozenset[int], deadline: float) -> None:
        self.events = events
        """Of which nothing is known yet."""
        self.refreshed = refreshed
        """Publications whose makers are to see this at once, by id."""
        self.deadline = deadline
        self.done: Future[list[Fate]] = get_running_loop().create_future()
        self.fates: list[Fate | None] = [None] * len(events)
        self.places: Sequence[int] = range(len(events))
        """Of those events among all of the call."""

    def tell(self, fates: Sequence[Fate | None]) -> bool:
        """Of its events. Whether all of the call is known by now; then it is answered."""
        for place, fate in zip(self.places, fates, strict=True):
            self.fates[place] = fate
        left = [place for place, fate in enumerate(fates) if fate is None]
        if not left:
            if not self.done.done():
                self.done.set_result([fate for fate in self.fates if fate])
            return True
        self.events = [self.events[place] for place in left]
        self.places = [self.places[place] for place in left]
        return False

    def fail(self, error: Unavailable) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Sizes(NamedTuple):
    batch: int = 5_000
    """So many events at most share a transaction; a larger call has one of its own."""
    capacity: int = 50_000
    """So many events may wait; then callers do."""
    linger: float = 0.002
    """So many seconds a batch waits for company when nothing is being written."""
    patience: float = 4.0
    """So many seconds a caller waits for room, and the database may be away, before UNAVAILABLE."""
    limit: float = 4.0
    """So many seconds the database may take for a batch, with all that is tried."""
    pause: float = 0.1
    """So many seconds until events of a tenant that is locked are tried again."""


_USUAL = Sizes()


class Buffer:
    """`topics` are told what was counted."""

    def __init__(
        self, database: Database, topics: Topics, sizes: Sizes = _USUAL, caps: DomainCaps = USUAL_CAPS
    ) -> None:
        self._database = database
        self._topics = topics
        self.sizes = sizes
        self.caps = caps
        self._calls: deque[_Call] = deque()
        self._aside: dict[_Call, TimerHandle] = {}
        """Calls with events of tenants that somebody has alone: they come back later."""
        self._waiting = 0
        self._arrived = Event()
        self._room = Event()
        self._room.set()
        self._writer: Task[None] | None = None
        self._is_closing = False

    async def add(self, events: Sequence[NewEvent], *, refreshed: frozenset[int] = frozenset()) -> list[Fate]:
        """Of each event, after the commit.

        Raises UNAVAILABLE when there is no room, or no database, for too long.
        """
        if not events:
            return []
        await self._wait_for_room()
        call = _Call(events, refreshed, get_running_loop().time() + self.sizes.patience)
        self._calls.append(call)
        self._grow(len(events))
        self._arrived.set()
        if self._writer is None:
            # In a context of its own: it outlives the request that happens to be the first.
            self._writer = create_task(self._write_forever(), context=Context())
        return await call.done

    async def close(self) -> None:
        """What was taken in is still written."""
        self._is_closing = True
        for call in list(self._aside):
            self._come_back(call)
        self._arrived.set()
        if self._writer:
            await self._writer

    async def _wait_for_room(self) -> None:
        if not self._room.is_set():
            try:
                async with timeout(self.sizes.patience):
                    while not self._room.is_set():
                        await self._room.wait()
            except TimeoutError:
                raise _full() from None
        if self._is_closing:
            raise _full()

    def _grow(self, events: int) -> None:
        self._waiting += events
        if self._waiting >= self.sizes.capacity:
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
            before = sum(len(call.events) for call in calls)
            aside = await self._write(calls)
            for call in aside:
                self._set_aside(call)
            self._grow(sum(len(call.events) for call in aside) - before)

    def _set_aside(self, call: _Call) -> None:
        self._aside[call] = get_running_loop().call_later(self.sizes.pause, self._come_back, call)

    def _come_back(self, call: _Call) -> None:
        self._aside.pop(call).cancel()
        self._calls.append(call)
        self._arrived.set()

    async def _gather(self) -> None:
        if not self._is_closing and self._waiting < self.sizes.batch:
            await sleep(self.sizes.linger)

    def _take(self) -> list[_Call]:
        calls = [self._calls.popleft()]
        size = len(calls[0].events)
        while self._calls and size + len(self._calls[0].events) <= self.sizes.batch:
            calls.append(self._calls.popleft())
            size += len(calls[-1].events)
        return calls

    async def _write(self, calls: list[_Call]) -> list[_Call]:
        """Answers every call, whatever happens, but for those that it gives back: they have events left."""
        try:
            fates = await self._written(calls)
        except Exception as error:
            if _is_passing(error):
                # They would wait as long, one batch after the other.
                calls = [*calls, *self._rest()]
            else:
                log.exception("A batch of events failed")
            for call in calls:
                call.fail(
                    Unavailable("Events cannot be stored right now. Send them again shortly.", retry_after=5)
                )
            return []
        aside: list[_Call] = []
        start = 0
        for call in calls:
            stop = start + len(call.events)
            if not call.tell(fates[start:stop]) and not call.done.done():
                if self._is_closing or get_running_loop().time() > call.deadline:
                    call.fail(counted_anew())
                else:
                    aside.append(call)
            start = stop
        return aside

    def _rest(self) -> list[_Call]:
        """Those that wait, who wait no longer."""
        rest = list(self._calls)
        self._calls.clear()
        self._grow(-sum(len(call.events) for call in rest))
        return rest

    async def _written(self, calls: list[_Call]) -> list[Fate | None]:
        """Of the events of all calls, one after the other."""
        events = [event for call in calls for event in call.events]
        refreshed = sorted(frozenset().union(*(call.refreshed for call in calls)))
        try:
            return await self._stored(events, refreshed)
        except Exception as error:
            if _is_passing(error):
                raise
            log.warning("A batch of %d events was refused and is taken apart", len(events), exc_info=error)
        return await self._stored_apart(events, refreshed)

    async def _stored_apart(self, events: Sequence[NewEvent], refreshed: list[int]) -> list[Fate | None]:
        """Refused as a whole: by halves, then, until what the database will not take stands alone."""
        if len(events) == 1:
            return [Fate.POISONOUS]
        fates: list[Fate | None] = []
        middle = len(events) // 2
        for half in (events[:middle], events[middle:]):
            try:
                fates += await self._stored(half, refreshed)
            except Exception as error:
                if _is_passing(error):
                    raise
                fates += await self._stored_apart(half, refreshed)
        return fates

    async def _stored(self, events: Sequence[NewEvent], refreshed: list[int]) -> list[Fate | None]:
        """Tried again while the database is away, as long as callers have patience.

        None of those whose tenant somebody has alone.
        """
        began = get_running_loop().time()
        deadline = began + self.sizes.limit
        pause = 0.05
        is_first = True
        while True:
            left = deadline - get_running_loop().time()
            try:
                are_new = await self._store_once(events, refreshed, left)
            except Exception as error:
                later = get_running_loop().time() + pause
                if not _is_passing(error) or later > min(deadline, began + self.sizes.patience):
                    raise
                log.warning("The database is away, trying again: %s", error)
            else:
                # What was tried before may have been stored then, if nobody said so.
                self._topics.announce(topics_of(compress(events, are_new) if is_first else events))
                return [_FATES[is_new] for is_new in are_new]
            is_first = False
            await sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _store_once(
        self, events: Sequence[NewEvent], refreshed: list[int], seconds: float
    ) -> list[bool | None]:
        async def written(bulk: Bulk) -> list[bool | None]:
            if refreshed:
                await raise_revisions(bulk, refreshed)
            return await stored(bulk, events, self.caps)

        return await self._database.in_bulk(written, seconds=seconds)


_FATES = {True: Fate.NEW, False: Fate.KNOWN, None: None}


def _is_passing(error: BaseException) -> bool:
    """Whether it comes from the database's state, and not from what was to be written."""
    if fault_of(error):
        return True
    if isinstance(error, DBAPIError) and error.orig is not None:
        return _is_passing(error.orig)
    if isinstance(error, asyncpg.CheckViolationError) and error.constraint_name is None:
        # A partition was made for the event's month meanwhile: the next time it goes there.
        return True
    # What SQLAlchemy raises in the driver's stead has the driver's own error as its cause.
    if isinstance(error, _OF_THE_EVENTS) or isinstance(error.__cause__, _OF_THE_EVENTS):
        return False
    return isinstance(error, _OF_THE_DATABASE) or isinstance(error.__cause__, _OF_THE_DATABASE)


def _full() -> Unavailable:
    return Unavailable("Too many events are waiting. Send these again shortly.", retry_after=5)
