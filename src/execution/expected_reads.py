"""How many statements an operation is expected to take: a snapshot for one needs no transaction."""

from database import current_usage

_ENOUGH = 2
_MOST = 1_024


class ExpectedReads:
    """Of one operation, by the statements of its last answers."""

    __slots__ = ("_enough", "_single")

    def __init__(self) -> None:
        self._single = 0
        """How many of the last answers, one after the other, took one statement or none."""
        self._enough = _ENOUGH
        """How many of them are enough. It doubles each time that the expectation was wrong."""

    @property
    def is_one(self) -> bool:
        return self._single >= self._enough

    def note(self, statements: int) -> None:
        if statements <= 1:
            self._single += 1
            return
        if self.is_one:
            self._enough = min(2 * self._enough, _MOST)
        self._single = 0


def was_read_again() -> bool:
    """Whether this request's answer needed a second statement although one was expected. It is no answer
    then.
    """
    snapshot = current_usage().snapshot
    return snapshot is not None and snapshot.was_read_again
