"""What is known of a request once it was executed: for its headers, and for its line in the log."""

from asyncio import Timeout, get_running_loop
from dataclasses import dataclass
from typing import NamedTuple

from auth.rates import Budget


class Lifetime(NamedTuple):
    """For how long an answer holds, and for whom."""

    seconds: int
    """0 where it is to be made anew each time."""
    is_private: bool


class OperationSummary(NamedTuple):
    """The operation that a document has, or that was named among several."""

    type: str
    name: str | None
    lifetime: Lifetime | None
    """Of its answer; None for what is no query, of which nothing is kept."""


@dataclass(slots=True)
class Execution:
    """Seconds that each phase took, 0 where it did not come to that."""

    validate: float = 0.0
    execute: float = 0.0
    began: float = 0.0
    """When it was validated, by the clock that measures."""
    deadline: Timeout | None = None
    """By when it has to be over; set for what may be stopped, while it is executed."""
    operation: OperationSummary | None = None
    """None where nothing was found that could be executed."""
    cost: int | None = None
    """None where it was not asked for: of what only records events it is known to be small."""
    points: int = 0
    """Of all series, as they were estimated."""
    budget: Budget | None = None
    """What is left to the caller once it was paid for; None where nothing is limited, or was asked for."""
    is_abandoned: bool = False
    """Whether nobody waits for the answer any more."""

    @property
    def is_query(self) -> bool:
        return self.operation is not None and self.operation.type == "query"

    @property
    def is_mutation(self) -> bool:
        return self.operation is not None and self.operation.type == "mutation"

    def abandon(self) -> None:
        """A query is given up, now or as soon as it is known to be one. What writes is done all the same."""
        self.is_abandoned = True
        if self.is_query and self.deadline and not self.deadline.expired():
            self.deadline.reschedule(get_running_loop().time())
