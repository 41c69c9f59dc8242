"""How much the buffer takes in, and how long it waits."""

from typing import NamedTuple


class Sizes(NamedTuple):
    batch: int = 16_000
    """How many events may share a transaction; a larger call has one of its own."""
    prompt_batch: int = 5_000
    """So many may share one however slow the database is."""
    prompt_seconds: float = 0.2
    """More may only if, at the pace of the batch before, they would take no longer: who comes meanwhile waits
    for all of them.
    """
    capacity: int = 50_000
    """How many events may wait; with more, callers wait."""
    linger: float = 0.05
    """How many seconds a batch waits at most for those whom the batch before has answered."""
    patience: float = 4.0
    """How many seconds a caller waits for room, and the database may be away, before UNAVAILABLE."""
    limit: float = 4.0
    """How many seconds the database may take for a batch, with all attempts."""
    pause: float = 0.1
    """How many seconds pass until events of a locked tenant are tried again."""

    def most(self, pace: float) -> int:
        """How many events may share the next transaction. `pace`: how many were written a second in the one
        before.
        """
        return min(self.batch, max(self.prompt_batch, int(self.prompt_seconds * pace)))
