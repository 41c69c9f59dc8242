"""What is counted about the batches of the buffer."""

from dataclasses import dataclass


@dataclass(slots=True)
class Batches:
    """The batches that were written so far, or failed."""

    written: int = 0
    failed: int = 0
    events: int = 0
    """In those that were written."""
    seconds: float = 0.0
    """How long the written ones took together."""
    pace: float = 0.0
    """New events a second in the last one; 0 if it failed."""

    def note(self, events: int, new: int, seconds: float) -> None:
        """One more was written. `new`: how many of its events were not stored before."""
        self.written += 1
        self.events += events
        self.seconds += seconds
        self.pace = new / seconds

    def note_failure(self) -> None:
        self.failed += 1
        self.pace = 0.0
