"""Cooperative scheduling on one event loop.

Long work is done in slices of less than a millisecond. After each slice the event loop serves everybody
else, and requests that have more to do take turns. While a short request is under way, they wait for a while:
it may be at the database, and would find the event loop held when it comes back.
"""

from asyncio import AbstractEventLoop, Future, TimerHandle, get_running_loop, sleep
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from math import inf
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

SLICE_SECONDS = 0.0005
"""How long a slice may hold the event loop."""
_IDLE_SECONDS = 0.0001
"""A pass of the event loop that takes less than this has nobody else to serve."""
_MOST_PASSES = 8
"""After so many passes for everybody else, the next slice begins in any case."""
_PATIENCE_SECONDS = 0.005
"""How long the next slice waits for short requests, at most."""
_SHORT_SECONDS = 0.02
"""A request that takes longer than this is not short, even if it has not waited for a slice."""
_FIRST_STEPS = 20
"""Steps before the first look at the clock: a small request never looks."""
_STEPS = 5
"""Steps between two looks at the clock."""
_MOST_WOKEN = 512
_BATCH = 500
"""Items, such as rows, that are treated between two steps; each takes a microsecond or two."""
_PASSES_OF_A_STEP = 4
"""A task that was just begun takes its next step within so many passes of the event loop."""


class Scheduler:
    """Runs one slice after the other on one event loop, and gives each run queue its turn."""

    def __init__(
        self,
        loop: AbstractEventLoop,
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        short_seconds: float = _SHORT_SECONDS,
    ) -> None:
        self.loop = loop
        self._patience_seconds = patience_seconds
        self._short_seconds = short_seconds
        self._slice_ends: float | None = None
        """When the slice of this pass of the event loop ends; None if no slice began in this pass."""
        self._queues: deque[RunQueue] = deque()
        self._short: dict[RunQueue, float] = {}
        """Requests that have not waited for a slice yet, and when they began, the first one first."""
        self._waiting_for_short: TimerHandle | None = None
        self._ended = 0.0
        """When the last slice ended."""
        self._is_looking = False
        self._looked = 0.0
        self._passes = 0

    def is_over(self) -> bool:
        """Whether the slice of this pass is used up."""
        now = perf_counter()
        if self._slice_ends is None:
            self._begin(now)
            return False
        return now >= self._slice_ends

    def enqueue(self, queue: "RunQueue") -> None:
        self._queues.append(queue)
        if self._slice_ends is None:
            self._begin(perf_counter())

    def add_short(self, queue: "RunQueue") -> None:
        """A request has begun. It counts as short until it waits for a slice, or ends."""
        self._short[queue] = perf_counter()

    def drop_short(self, queue: "RunQueue") -> None:
        if self._short.pop(queue, None) and not self._short and self._waiting_for_short:
            self._waiting_for_short.cancel()
            self._waiting_for_short = None
            self.loop.call_soon(self._look)

    def _has_short(self, now: float) -> bool:
        while self._short:
            queue, began = next(iter(self._short.items()))
            if now - began < self._short_seconds:
                return True
            del self._short[queue]
        return False

    def _begin(self, now: float) -> None:
        self._slice_ends = now + SLICE_SECONDS
        self.loop.call_soon(self._end)

    def _end(self) -> None:
        self._slice_ends = None
        if self._queues and not self._is_looking:
            self._is_looking = True
            self._passes = 0
            self._looked = self._ended = perf_counter()
            self.loop.call_soon(self._look)

    def _look(self) -> None:
        """Lets others run until they have nothing to do, and short requests end. Then it wakes the next
        queue. An answer takes several passes.
        """
        now = perf_counter()
        self._passes += 1
        if now - self._looked > _IDLE_SECONDS and self._passes < _MOST_PASSES:
            self._looked = now
            self.loop.call_soon(self._look)
            return
        patience = self._ended + min(self._patience_seconds, self._queues[0].patience_seconds) - now
        if patience > 0 and self._has_short(now):
            self._waiting_for_short = self.loop.call_later(patience, self._lose_patience)
            return
        self._wake_next(now)

    def _lose_patience(self) -> None:
        self._waiting_for_short = None
        self._wake_next(perf_counter())

    def _wake_next(self, now: float) -> None:
        self._is_looking = False
        queue = self._queues.popleft()
        if queue.wake():
            self._queues.append(queue)
        if self._slice_ends is None:
            # The slice ends after the tasks that were just woken.
            self._begin(now)


_scheduler: Scheduler | None = None


def _scheduler_of(loop: AbstractEventLoop) -> Scheduler:
    global _scheduler
    if _scheduler is None or _scheduler.loop is not loop:
        _scheduler = Scheduler(loop)
    return _scheduler


class RunQueue:
    """The tasks of one request: while one of them waits for a slice, the others wait too."""

    __slots__ = (
        "_catching_up",
        "_in_vain",
        "_is_enqueued",
        "_short_in",
        "_waiting",
        "_woken",
        "check_after",
        "has_yielded",
        "patience_seconds",
        "steps",
        "waiting_tasks",
    )

    def __init__(self, patience_seconds: float = inf) -> None:
        self.patience_seconds = patience_seconds
        """How long its slices wait for short requests, if that is less than the scheduler's patience."""
        self.steps = 0
        """How many steps were taken. Code that takes steps adds them, and looks at the clock beyond
        `check_after`.
        """
        self.check_after = _FIRST_STEPS
        self.waiting_tasks = 0
        self.has_yielded = False
        """Whether any task has waited for a slice."""
        self._waiting: deque[Future[bool]] | None = None
        self._catching_up: list[Future[None]] | None = None
        self._is_enqueued = False
        self._woken = 8
        self._in_vain = 0
        """How many woken tasks found that the slice was used up."""
        self._short_in: Scheduler | None = None
        """Where the request counts as short."""

    def begin(self) -> None:
        """A request begins, which may be short. Others then wait for it for a while."""
        with suppress(RuntimeError):
            self._short_in = _scheduler_of(get_running_loop())
            self._short_in.add_short(self)

    def end(self) -> None:
        """The request has ended, or is known to be long."""
        if self._short_in:
            self._short_in.drop_short(self)
            self._short_in = None

    def must_yield(self) -> bool:
        """Whether to wait for the next slice."""
        if _scheduler_of(get_running_loop()).is_over():
            return True
        self.check_after = self.steps + _STEPS
        return False

    async def wait_turn(self) -> None:
        """Waits until this queue has a slice, and this task has its turn in it."""
        scheduler = _scheduler_of(get_running_loop())
        if self._waiting is None:
            self._waiting = deque()
        self.has_yielded = True
        self.end()
        self.waiting_tasks += 1
        try:
            while True:
                waiting: Future[bool] = scheduler.loop.create_future()
                self._waiting.append(waiting)
                if not self._is_enqueued:
                    self._is_enqueued = True
                    scheduler.enqueue(self)
                is_first = await waiting
                if is_first or not scheduler.is_over():
                    break
                self._in_vain += 1
        finally:
            self.waiting_tasks -= 1
            if not self.waiting_tasks:
                self._tell_caught_up()
        self.check_after = self.steps + _STEPS

    async def caught_up(self) -> None:
        """Waits until the tasks that waited for a slice have come as far as those that did not."""
        while self.has_yielded and (self.waiting_tasks or await self._goes_on()):
            if self.waiting_tasks:
                caught_up: Future[None] = get_running_loop().create_future()
                self._catching_up = [*(self._catching_up or ()), caught_up]
                await caught_up

    async def _goes_on(self) -> bool:
        steps = self.steps
        for _ in range(_PASSES_OF_A_STEP):
            await sleep(0)
        return self.waiting_tasks > 0 or self.steps > steps

    def _tell_caught_up(self) -> None:
        for caught_up in self._catching_up or ():
            if not caught_up.done():
                caught_up.set_result(None)
        self._catching_up = None

    async def step(self, steps: int) -> None:
        """Counts work that was done, and waits for the next slice if this one is used up."""
        self.steps += steps
        if self.steps > self.check_after and self.must_yield():
            await self.wait_turn()

    async def batches(self, items: Iterable[T]) -> AsyncIterator[list[T]]:
        """Some hundreds of the items at a time. Others may use the event loop between two batches."""
        for batch in batched(items, _BATCH):
            yield batch
            await self.step(_BATCH)

    def wake(self) -> bool:
        """Wakes about as many tasks as the last slice had time for. Returns whether others still wait."""
        # The first one goes on in any case: on a busy machine each slice may be over before it begins.
        self._woken = (
            max(1, self._woken - self._in_vain) if self._in_vain else min(2 * self._woken, _MOST_WOKEN)
        )
        self._in_vain = 0
        woken = 0
        while self._waiting and woken < self._woken:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(woken == 0)
                woken += 1
        self._is_enqueued = bool(self._waiting)
        return self._is_enqueued


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
