"""What became of the events that came in, added up."""

from collections import Counter
from collections.abc import Awaitable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from base.errors import ExpectedError


class Counted(Protocol):
    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many of the outcomes have each status and reason. A reason may be empty."""


C = TypeVar("C", bound=Counted)

FAILED = "FAILED"
STORED = "STORED"


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

    async def noted(self, door: str, events: int, outcomes: Awaitable[C]) -> C:
        """The outcomes, which are counted. `events`: how many there are."""
        try:
            found = await outcomes
        except ExpectedError as error:
            self.note_failure(door, events, error.code)
            raise
        self.note(door, found)
        return found

    def note(self, door: str, outcomes: Counted) -> None:
        for (status, reason), count in outcomes.counts.items():
            self.counts[Fate(door, status, reason)] += count

    def note_stored(self, door: str, events: int) -> None:
        """The same for events all of which were stored."""
        self.counts[Fate(door, STORED, "")] += events

    def note_failure(self, door: str, events: int, code: str) -> None:
        self.counts[Fate(door, FAILED, code)] += events
