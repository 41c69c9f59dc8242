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
    """Events a second, in the one that was written last."""

    def note(self, events: int, seconds: float) -> None:
        """One more was written."""
        self.written += 1
        self.events += events
        self.seconds += seconds
        self.pace = events / seconds
