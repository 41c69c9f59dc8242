"""The watchdog of reads. It knows since when and for which request each read runs, and cuts reads off."""

from asyncio import CancelledError, Task, TimerHandle, create_task, current_task, get_running_loop
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, NamedTuple

from base.errors import ExpectedError, TimedOut
from database.faults import Fault
from database.usage import NO_REQUEST, Usage

_SILENT_SECONDS = 2.0
_ASKED_AGAIN_SECONDS = 1.0


class _Read(NamedTuple):
    began: float
    usage: Usage


class ReadWatchdog:
    """Cuts a read off when nobody waits for it any more, or when it takes too long.

    One timer watches all reads: a timer for each would take more time than everything else here.
    """

    def __init__(self, seconds: float | None, is_reachable: Callable[[], Awaitable[bool]]) -> None:
        """`seconds` limits a read, from asking for a connection to the last row; None is no limit.

        When a read takes long, `is_reachable` says whether the database still answers: it may be gone without
        a sign.
        """
        self._seconds = seconds
        self._is_reachable = is_reachable
        self._asking: Task[None] | None = None
        self._reads: dict[Task[Any], _Read] = {}
        self._reasons: dict[Task[Any], ExpectedError] = {}
        self._timer: TimerHandle | None = None

    def read(self, usage: Usage) -> "_WatchedRead":
        """A block that reads. Raises TIMEOUT when it is cut off, and at once if nobody waits any more."""
        return _WatchedRead(self, usage)

    def begin(self, usage: Usage) -> Task[Any]:
        """Watches the current task until `end`, and returns it."""
        if usage.is_abandoned:
            raise _nobody_waits()
        task = current_task()
        assert task
        self._reads[task] = _Read(monotonic(), usage)
        if self._timer is None and self._seconds is not None:
            self._look()
        return task

    def end(self, task: Task[Any]) -> None:
        del self._reads[task]
        if self._reasons:
            self._reasons.pop(task, None)

    def reason(self, task: Task[Any]) -> ExpectedError | None:
        """Why the watchdog cancelled the task; None if somebody else did."""
        reason = self._reasons.get(task)
        return reason if reason and not task.uncancel() else None

    def cut_off(self, usage: Usage) -> None:
        """Cuts off all that is read for this request. Nothing more is read for it."""
        if usage is NO_REQUEST:
            return
        usage.is_abandoned = True
        if usage.is_waiting:
            for task in [task for task, read in self._reads.items() if read.usage is usage]:
                self._cut(task, _nobody_waits())

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._asking:
            self._asking.cancel()

    def _look(self) -> None:
        """Cuts off reads that took too long. The reads are in order: the oldest one is first."""
        assert self._seconds is not None
        self._timer = None
        now = monotonic()
        for task, (began, _) in self._reads.items():
            left = began + self._seconds - now
            if left > 0:
                silent = now - began
                if silent >= _SILENT_SECONDS and self._asking is None:
                    self._asking = create_task(self._ask())
                wait = min(left, max(_SILENT_SECONDS - silent, _ASKED_AGAIN_SECONDS))
                self._timer = get_running_loop().call_later(wait, self._look)
                return
            self._cut(task, TimedOut(f"Reading from the database took longer than {self._seconds} seconds."))

    async def _ask(self) -> None:
        began = monotonic()
        try:
            if await self._is_reachable():
                return
            for task in [task for task, read in self._reads.items() if read.began < began]:
                self._cut(task, Fault.AWAY.error())
        finally:
            self._asking = None

    def _cut(self, task: Task[Any], reason: ExpectedError) -> None:
        """Cancels the task, which then raises the reason. Loaders pass an error on to all who wait for a
        batch, but they do not pass on a cancellation.
        """
        if task not in self._reasons:
            self._reasons[task] = reason
            task.cancel()


class _WatchedRead:
    """A context manager. Written as a generator, it would take twice as long as what it does."""

    __slots__ = ("_task", "_usage", "_watchdog")

    def __init__(self, watchdog: ReadWatchdog, usage: Usage) -> None:
        self._watchdog = watchdog
        self._usage = usage

    def __enter__(self) -> None:
        self._task = self._watchdog.begin(self._usage)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        reason = self._watchdog.reason(self._task) if kind is CancelledError else None
        self._watchdog.end(self._task)
        if reason:
            raise reason from None


def _nobody_waits() -> TimedOut:
    return TimedOut("Nobody waits for the answer any more.")
