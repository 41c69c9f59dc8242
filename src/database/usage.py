"""What one request asks of the database, whatever else is asked at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Self

from base.scheduler import RunQueue
from database.moment import Moment


class Usage:
    """How many statements, and in how much time.

    The time is by the clock on the wall: while at least one statement is waited for, or a unit of work
    lasts, from asking for a connection to the last row, or to the commit. Statements side by side count
    once, so that it is never more than the request took.
    """

    __slots__ = ("_began", "_waiting", "is_over", "moment", "run_queue", "seconds", "statements")

    def __init__(self) -> None:
        self.statements = 0
        self.seconds = 0.0
        self.is_over = False
        """Whether nobody waits any more: then nothing is read."""
        self.run_queue = RunQueue()
        """In which what takes long waits for the event loop."""
        self.moment: Moment | None = None
        """As of which everything is read; None where each statement has its own."""
        self._waiting = 0
        self._began = 0.0

    @property
    def is_waiting(self) -> bool:
        return self._waiting > 0

    def __enter__(self) -> Self:
        """Something is waited for, until the block ends; blocks may overlap."""
        if not self._waiting:
            self._began = perf_counter()
        self._waiting += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting -= 1
        if not self._waiting:
            self.seconds += perf_counter() - self._began


NOBODYS = Usage()
"""Of what belongs to no request."""

# Tasks and threads that a request starts take its context along.
_usage: ContextVar[Usage] = ContextVar("usage", default=NOBODYS)  # nobody reads that one


def current_usage() -> Usage:
    return _usage.get()


@contextmanager
def metered() -> Iterator[Usage]:
    """What is asked in this block, and in what it starts."""
    usage = Usage()
    token = _usage.set(usage)
    try:
        yield usage
    finally:
        _usage.reset(token)
