"""What is being read: since when, and for which request."""

from asyncio import CancelledError, Task, TimerHandle, create_task, current_task, get_running_loop
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, NamedTuple

from base.errors import ExpectedError, TimedOut
from database.faults import Fault
from database.usage import NOBODYS, Usage

_SILENT_SECONDS = 2.0
_ASKED_AGAIN_SECONDS = 1.0


class _Read(NamedTuple):
    began: float
    usage: Usage


class Readings:
    """A read is cut off when nobody waits for it any more, or when it takes longer than so many seconds.

    One timer looks after all of them: one for each would take more time than everything else here.
    """

    def __init__(self, seconds: float | None, are_there: Callable[[], Awaitable[bool]]) -> None:
        """`seconds`: from asking for a connection to the last row; None for any time.

        A read that takes long may be a long one, or the database may be gone without a word: then
        `are_there` says which.
        """
        self._seconds = seconds
        self._are_there = are_there
        self._asking: Task[None] | None = None
        self._reads: dict[Task[Any], _Read] = {}
        self._reasons: dict[Task[Any], ExpectedError] = {}
        self._timer: TimerHandle | None = None

    def read(self, usage: Usage) -> "_Reading":
        """Raises TIMEOUT when it is cut off, and at once where nobody waits any more."""
        return _Reading(self, usage)

    def begin(self, usage: Usage) -> Task[Any]:
        """The task that reads, until `end`."""
        if usage.is_over:
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
        """Why it was cancelled; None where others did that."""
        reason = self._reasons.get(task)
        return reason if reason and not task.uncancel() else None

    def cut_off(self, usage: Usage) -> None:
        """What is read for this request; and nothing more is read for it."""
        if usage is NOBODYS:
            return
        usage.is_over = True
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
        """They are in order: the oldest one is first."""
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
            self._cut(task, TimedOut(f"What was read took longer than {self._seconds} seconds."))

    async def _ask(self) -> None:
        began = monotonic()
        try:
            if await self._are_there():
                return
            for task in [task for task, read in self._reads.items() if read.began < began]:
                self._cut(task, Fault.AWAY.told())
        finally:
            self._asking = None

    def _cut(self, task: Task[Any], reason: ExpectedError) -> None:
        """As an error: loaders tell it to those who wait for a batch, but not that a batch was cancelled."""
        if task not in self._reasons:
            self._reasons[task] = reason
            task.cancel()


class _Reading:
    """Written out: as a generator it would take twice as long as what it does."""

    __slots__ = ("_readings", "_task", "_usage")

    def __init__(self, readings: Readings, usage: Usage) -> None:
        self._readings = readings
        self._usage = usage

    def __enter__(self) -> None:
        self._task = self._readings.begin(self._usage)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        reason = self._readings.reason(self._task) if kind is CancelledError else None
        self._readings.end(self._task)
        if reason:
            raise reason from None


def _nobody_waits() -> TimedOut:
    return TimedOut("Nobody waits for the answer any more.")
