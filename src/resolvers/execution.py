"""What is measured and known about the execution of an operation, for headers and the log."""

from asyncio import Timeout, get_running_loop
from dataclasses import dataclass
from typing import NamedTuple

from auth.rates import Budget


class Lifetime(NamedTuple):
    """How long a cache may keep an answer, and for whom."""

    seconds: int
    """0 if it has to be made anew each time."""
    is_private: bool


class OperationSummary(NamedTuple):
    """The operation that is executed."""

    type: str
    name: str | None
    lifetime: Lifetime | None
    """How long caches may keep its answer. None for mutations and subscriptions: no cache keeps their
    answers."""


@dataclass(slots=True)
class Execution:
    """The execution of one operation."""

    validate: float = 0.0
    """Seconds; 0 if it was not validated."""
    execute: float = 0.0
    """Seconds; 0 if it was not executed."""
    began: float = 0.0
    """When its validation ended, by `perf_counter`."""
    deadline: Timeout | None = None
    """When it has to end. This is set while something is executed that may be stopped."""
    operation: OperationSummary | None = None
    """None before the document is found to be valid."""
    cost: int | None = None
    """None if it was not estimated: recording events has a price of its own."""
    points: int = 0
    """The estimated points of all series."""
    budget: Budget | None = None
    """What the caller has left afterwards; None if there is no limit, or it was not paid for yet."""
    is_repeatable: bool = True
    """Whether the same answer may be given again while nothing changes in the database."""
    is_abandoned: bool = False
    """Whether nobody waits for the answer any more."""

    @property
    def is_query(self) -> bool:
        return self.operation is not None and self.operation.type == "query"

    @property
    def is_mutation(self) -> bool:
        return self.operation is not None and self.operation.type == "mutation"

    def lift_deadline(self) -> None:
        """To be called before it writes: it then takes as long as the writing takes."""
        if self.deadline and not self.deadline.expired():
            self.deadline.reschedule(None)

    def abandon(self) -> None:
        """Ends a query: now, or as soon as it is known to be one. A mutation is still carried out."""
        self.is_abandoned = True
        if self.is_query and self.deadline and not self.deadline.expired():
            self.deadline.reschedule(get_running_loop().time())
