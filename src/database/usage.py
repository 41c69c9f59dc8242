"""What one request uses of the database, without what others use at the same time."""

from contextvars import ContextVar
from time import perf_counter
from typing import NamedTuple, Self

from base.scheduler import RunQueue
from database.snapshot import Reading

MOST_PARTS = 500
"""How many parts a traced request keeps: a subscription may run for days."""


class Part(NamedTuple):
    """Something that took time while a request was answered."""

    name: str
    began: float
    """By `perf_counter`."""
    ended: float
    statement: str | None = None
    """Its text, without the values of its parameters."""


class Usage:
    """How many statements a request ran, and how long it waited for them.

    The time is wall-clock time in which the request waits for at least one statement or unit of work: from
    asking for a connection to the last row, or to the commit. Statements that run side by side count once, so
    that it is never more than the request took.
    """

    __slots__ = (
        "_began",
        "_waiting",
        "_writing",
        "is_abandoned",
        "parts",
        "run_queue",
        "seconds",
        "snapshot",
        "statements",
    )

    def __init__(self) -> None:
        self.statements = 0
        self.seconds = 0.0
        self.is_abandoned = False
        """Whether nobody waits for the answer any more. Then nothing more is read."""
        self.run_queue = RunQueue()
        """Long work waits in it for the event loop."""
        self.snapshot: Reading | None = None
        """Everything is read in it. If it is None, each statement reads what was committed before it."""
        self.parts: list[Part] | None = None
        """What took time; None if nobody asks, because the request is not traced."""
        self._waiting = 0
        self._began = 0.0
        self._writing: tuple[str, float] | None = None
        """The statement that a unit of work runs now, and when it began. It ends when the next one begins."""

    @property
    def is_waiting(self) -> bool:
        return self._waiting > 0

    def __enter__(self) -> Self:
        """Counts the time until the block ends. Blocks may overlap."""
        if not self._waiting:
            self._began = perf_counter()
        self._waiting += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting -= 1
        if not self._waiting:
            self.seconds += perf_counter() - self._began
            if self._writing:
                self._end_write()

    def note(self, name: str, began: float, statement: str | None = None) -> None:
        """Notes what has just ended."""
        if self.parts is not None and len(self.parts) < MOST_PARTS:
            self.parts.append(Part(name, began, perf_counter(), statement))

    def begin_write(self, statement: str) -> None:
        """To be called when a statement of a unit of work begins. These run one after the other."""
        if self.parts is not None:
            if self._writing:
                self._end_write()
            self._writing = statement, perf_counter()

    def _end_write(self) -> None:
        if self._writing:
            statement, began = self._writing
            self._writing = None
            self.note("statement", began, statement)


NO_REQUEST = Usage()
"""Counts the use that belongs to no request."""

# Tasks and threads that a request starts take its context along.
_usage: ContextVar[Usage] = ContextVar("usage", default=NO_REQUEST)  # nobody reads that one


def current_usage() -> Usage:
    return _usage.get()


class metered:
    """A new usage for what is asked in this block, and in the tasks that it starts."""

    __slots__ = ("_token", "usage")

    def __init__(self) -> None:
        self.usage = Usage()

    def __enter__(self) -> Usage:
        self._token = _usage.set(self.usage)
        self.usage.run_queue.begin()
        return self.usage

    def __exit__(self, *_: object) -> None:
        self.usage.run_queue.end()
        _usage.reset(self._token)
