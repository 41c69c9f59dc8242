"""What became of the events that came in, added up."""

from collections import Counter
from collections.abc import Awaitable
from operator import itemgetter
from typing import NamedTuple, TypeVar

from base.errors import ExpectedError

Outcome = TypeVar("Outcome", bound=tuple[object, ...])

FAILED = "FAILED"
_FATE = itemgetter(1, 2)
"""The status and the reason of an outcome."""


class Fate(NamedTuple):
    door: str
    status: str
    """The status of an outcome, or FAILED: then nobody knows it."""
    reason: str
    """Why they were dropped, or the code of the error; empty if there is nothing to say."""


class EventFates:
    """How many events had each fate, in this process."""

    def __init__(self) -> None:
        self.counts: Counter[Fate] = Counter()

    async def noted(self, door: str, events: int, outcomes: Awaitable[list[Outcome]]) -> list[Outcome]:
        """The outcomes, as `ingest.outcomes` has them, which are counted. `events`: how many there are."""
        try:
            found = await outcomes
        except ExpectedError as error:
            self.counts[Fate(door, FAILED, error.code)] += events
            raise
        for (status, reason), count in Counter(map(_FATE, found)).items():
            self.counts[Fate(door, status.value, reason or "")] += count
        return found
