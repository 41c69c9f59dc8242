"""What this process has committed, so that others learn of it, and that nothing older is taken for true."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Told = Callable[[bool], None]


class Commits:
    """Counts units of work after they were committed. One that failed counts too, because it may have been
    committed after all.
    """

    def __init__(self) -> None:
        self.changes = 0
        """Of all but counted events."""
        self.counts = 0
        """Batches of events that were counted."""
        self.on_commit: list[Told] = []
        """Called with whether it was a change, and not only a batch of events."""

    @contextmanager
    def noted(self, *, is_change: bool = False, is_count: bool = False) -> Iterator[None]:
        """Notes the unit of work of this block when the block ends. One that is neither is not noted."""
        try:
            yield
        finally:
            if is_change or is_count:
                self.note(is_change=is_change)

    def note(self, *, is_change: bool) -> None:
        if is_change:
            self.changes += 1
        else:
            self.counts += 1
        for told in self.on_commit:
            told(is_change)
