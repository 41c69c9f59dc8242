"""Long work in a thread that leaves the interpreter to the event loop: after each slice it waits its turn.

A thread that never waits has the interpreter half of the time while the event loop has something to do, and
each call of the event loop to the system takes longer.
"""

from asyncio import AbstractEventLoop, Task, create_task, get_running_loop
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from threading import Event, local
from time import perf_counter
from typing import TypeVar

from base.scheduler import RunQueue

R = TypeVar("R")

_SLICE_SECONDS = 0.002
"""Longer than a slice of the event loop, which needs no turn of a thread's before it goes on."""
_PATIENCE_SECONDS = 0.002
"""How long the next slice waits for short requests, at most. Otherwise long work would take ten times as long
while there are always some, and all that waits behind it, too."""
_LONGEST_WAIT_SECONDS = 1.0
"""The thread waits no longer for its turn: the event loop may have ended."""


class _Pace:
    """The turns of one piece of work."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._run_queue = RunQueue(_PATIENCE_SECONDS)
        self._ends = 0.0
        """When the slice of the thread ends."""

    def run(self, work: Callable[[], R]) -> R:
        _own.pace = self
        self._ends = perf_counter() + _SLICE_SECONDS
        try:
            return work()
        finally:
            _own.pace = None

    def wait_if_over(self) -> None:
        if perf_counter() >= self._ends:
            # One for each turn: a turn that comes too late must not be taken for the next one.
            turn = Event()
            self._loop.call_soon_threadsafe(self._ask, turn)
            turn.wait(_LONGEST_WAIT_SECONDS)
            self._ends = perf_counter() + _SLICE_SECONDS

    def _ask(self, turn: Event) -> None:
        task = create_task(self._give_turn(turn))
        _asking.add(task)
        task.add_done_callback(_asking.discard)

    async def _give_turn(self, turn: Event) -> None:
        await self._run_queue.wait_turn()
        turn.set()


class _Own(local):
    pace: _Pace | None = None


_own = _Own()
_asking: set[Task[None]] = set()
"""Tasks that nobody else keeps."""


async def in_paced_thread(executor: Executor, work: Callable[[], R]) -> R:
    """What `work` returns. It runs in a thread, in the context of this task. It has to call `pause` often."""
    loop = get_running_loop()
    return await loop.run_in_executor(executor, copy_context().run, _Pace(loop).run, work)


def pause() -> None:
    """Waits until the thread has its turn, if its slice is over. Does nothing elsewhere."""
    if _own.pace is not None:
        _own.pace.wait_if_over()
