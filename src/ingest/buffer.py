"""Group commit: calls that come in together share a transaction, and are answered after it.

While one batch is written, the next one gathers. So batches grow with the load. After a batch of many
requests, the next one waits until those who were just answered have asked again. Without that, half of them
would always come too late for it. Nobody else waits.
"""

import logging
from asyncio import Event, Future, Task, TimerHandle, create_task, get_running_loop, timeout
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context
from time import perf_counter

from base.errors import Conflict, Unavailable
from database import Database
from ingest.batch_writer import Batch, BatchWriter, StoreResult, is_passing
from ingest.batches import Batches
from ingest.call import Call
from ingest.domain_caps import USUAL_CAPS, DomainCaps
from ingest.event_columns import EventColumns
from ingest.event_fates import EventFates
from ingest.events import NewEvent
from ingest.returning_requests import ReturningRequests
from ingest.sizes import Sizes
from ingest.store import counted_anew
from ingest.topics import Topics

log = logging.getLogger("viewgraph")


_USUAL = Sizes()


class Buffer:
    """Announces to `topics` what was counted."""

    def __init__(
        self, database: Database, topics: Topics, sizes: Sizes = _USUAL, caps: DomainCaps = USUAL_CAPS
    ) -> None:
        self.sizes = sizes
        self._batch_writer = BatchWriter(database, topics, caps)
        self._database = database
        self._calls: deque[Call] = deque()
        self._aside: dict[Call, TimerHandle] = {}
        """Calls with events of locked tenants: they come back later."""
        self._in_batch: list[Call] = []
        self.waiting = 0
        """Events that were taken in and are not answered yet."""
        self.batches = Batches()
        self.fates = EventFates()
        self.around_batch: Callable[[int], AbstractContextManager[object]] = nullcontext
        """A block in which a batch of so many events is written."""
        self._offers: dict[Callable[[], None], None] = {}
        """What is called before the next batch is taken, in order."""
        self._returning = ReturningRequests(sizes.linger)
        self._arrived = Event()
        self._room = Event()
        self._room.set()
        self._writer: Task[None] | None = None
        self._is_closing = False

    @property
    def import_id(self) -> int | None:
        """The number of the import whose events are stored; None if they are of no import."""
        return self._batch_writer.import_id

    @import_id.setter
    def import_id(self, id: int | None) -> None:
        self._batch_writer.import_id = id

    async def add(
        self, events: Sequence[NewEvent], *, refreshed: frozenset[int] = frozenset()
    ) -> list[StoreResult]:
        """The same as `add_columns`."""
        return await self.add_columns(EventColumns.of(events), refreshed=refreshed)

    async def add_columns(
        self, events: EventColumns, *, refreshed: frozenset[int] = frozenset()
    ) -> list[StoreResult]:
        """The result of each event, after the commit. Raises UNAVAILABLE if it takes too long, and CONFLICT
        if the events are of an import that is being undone.
        """
        if not events.size:
            return []
        await self._wait_for_room()
        return await self.offer(events, refreshed)

    @property
    def has_room(self) -> bool:
        """Whether `add_columns` would not wait."""
        return self._room.is_set() and not self._is_closing

    def offer(
        self, events: EventColumns, refreshed: frozenset[int] = frozenset()
    ) -> Future[list[StoreResult]]:
        """The same for at least one event, when there is room."""
        self._returning.note_requests()
        return self._taken(events, refreshed).done

    def offer_together(
        self, events: EventColumns, requests: int, refreshed: frozenset[int] = frozenset()
    ) -> Call:
        """The same for events of several requests. An event of a locked tenant has no result: whoever
        waits for it offers a part of the call later, and the others do not wait.
        """
        return self._taken(events, refreshed, requests)

    def offer_later(self, call: Call) -> Future[list[StoreResult]]:
        """Events without a result are tried when the lock of their tenant may have been let go."""
        if self._is_closing:
            call.fail(counted_anew())
        else:
            self._grow(call.events.size)
            self._set_aside(call)
        return call.done

    def note_request(self) -> None:
        """A request came whose events will be offered together with those of others."""
        self._returning.note_requests()

    def before_next_batch(self, offer: Callable[[], None]) -> None:
        """Calls it once, right before the next batch is taken. What it offers is in that batch. So what came
        in meanwhile can be judged together.
        """
        self._offers[offer] = None
        self._wake()

    def _taken(self, events: EventColumns, refreshed: frozenset[int], requests: int | None = None) -> Call:
        deadline = get_running_loop().time() + self.sizes.patience
        call = Call(events, refreshed, deadline, requests)
        self._calls.append(call)
        self._grow(events.size)
        self._wake()
        return call

    def _wake(self) -> None:
        self._arrived.set()
        if self._writer is None:
            # It has a context of its own, because it outlives the request that happens to be the first.
            self._writer = create_task(self._write_forever(), context=Context())

    async def close(self) -> None:
        """Writes the events that were taken in, and takes no more."""
        self._is_closing = True
        self._returning.end_wait()
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
        self.waiting += events
        if self.waiting >= self._most():
            self._returning.end_wait()
        if self.waiting >= self.sizes.capacity:
            self._room.clear()
        else:
            self._room.set()

    async def _write_forever(self) -> None:
        while self._calls or self._offers or not self._is_closing:
            if not (self._calls or self._offers):
                self._arrived.clear()
                await self._arrived.wait()
            await self._gather()
            self._call_for_offers()
            if not self._calls:
                continue
            calls = self._in_batch = self._take()
            before = sum(call.events.size for call in calls)
            aside = await self._write(calls)
            for call in aside:
                self._set_aside(call)
            self._in_batch = []
            self._grow(sum(call.events.size for call in aside) - before)
            # A batch may be large, and it may be long until the next one is there.
            del calls, aside

    def oldest_seconds(self) -> float:
        """How long the oldest waiting event has waited; 0 if no event waits."""
        deadlines = [call.deadline for calls in (self._calls, self._aside, self._in_batch) for call in calls]
        if not deadlines:
            return 0.0
        return get_running_loop().time() - min(deadlines) + self.sizes.patience

    def _set_aside(self, call: Call) -> None:
        # Its requests are there, although they were part of the batch before.
        self._returning.note_requests(call.requests)
        self._aside[call] = get_running_loop().call_later(self.sizes.pause, self._come_back, call)

    def _come_back(self, call: Call) -> None:
        self._aside.pop(call).cancel()
        self._calls.append(call)
        self._arrived.set()

    async def _gather(self) -> None:
        if not self._is_closing and self.waiting < self._most():
            await self._returning.wait()

    def _most(self) -> int:
        """How many events may share the next transaction."""
        # A cluster has a transaction for each tenant, so the batch before says little of the next one.
        return self.sizes.most(0.0 if self._database.is_cluster else self.batches.pace)

    def _call_for_offers(self) -> None:
        offers, self._offers = self._offers, {}
        for offer in offers:
            try:
                offer()
            except Exception as error:
                # Events of others are still written.
                log.error("Events could not be offered", exc_info=error)

    def _take(self) -> list[Call]:
        calls = [self._calls.popleft()]
        size, most = calls[0].events.size, self._most()
        while self._calls and size + self._calls[0].events.size <= most:
            calls.append(self._calls.popleft())
            size += calls[-1].events.size
        return calls

    async def _write(self, calls: list[Call]) -> list[Call]:
        """Answers each call, whatever happens, except those that it returns: they have events left."""
        events = EventColumns.joined([call.events for call in calls])
        refreshed = sorted(frozenset().union(*(call.refreshed for call in calls)))
        began = perf_counter()
        try:
            with self.around_batch(events.size):
                results = await self._batch_writer.write(
                    Batch(events, refreshed, self.sizes.limit, self.sizes.patience)
                )
        except Exception as error:
            self.batches.note_failure()
            self._returning.note_answers(0, 0.0)
            self._fail(calls, error)
            return []
        seconds = perf_counter() - began
        self.batches.note(events.size, results.count(StoreResult.NEW), seconds)
        self._returning.note_answers(sum(call.requests for call in calls), seconds)
        return self._answer(calls, results)

    def _fail(self, calls: list[Call], error: Exception) -> None:
        if isinstance(error, Conflict):
            for call in calls:
                call.fail(error)
            return
        if is_passing(error):
            # Otherwise the calls that wait would wait as long again, one batch after the other.
            calls = [*calls, *self._rest()]
        else:
            log.error("A batch of events failed", exc_info=error)
        for call in calls:
            call.fail(
                Unavailable("Events cannot be stored right now. Send them again shortly.", retry_after=5)
            )

    def _answer(self, calls: list[Call], results: list[StoreResult | None]) -> list[Call]:
        """Answers calls. Returns those that have events left, and time to try these again."""
        aside: list[Call] = []
        start = 0
        for call in calls:
            stop = start + call.events.size
            if not call.take_results(results[start:stop]) and not call.done.done():
                if self._is_closing or get_running_loop().time() > call.deadline:
                    call.fail(counted_anew())
                else:
                    aside.append(call)
            start = stop
        return aside

    def _rest(self) -> list[Call]:
        """Takes out all calls that wait."""
        rest = list(self._calls)
        self._calls.clear()
        self._grow(-sum(call.events.size for call in rest))
        return rest


def _full() -> Unavailable:
    return Unavailable("Too many events are waiting. Send these again shortly.", retry_after=5)
