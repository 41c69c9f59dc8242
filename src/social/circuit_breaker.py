"""A circuit breaker: after so many failures in a row, a network is not called for a while."""

from collections.abc import Callable
from time import monotonic

from social.errors import CircuitOpen


class CircuitBreaker:
    """It outlives runs. When its rest is over, one call is let through: if that fails too, it rests again."""

    def __init__(
        self, *, failures: int = 5, rest: float = 600, timer: Callable[[], float] = monotonic
    ) -> None:
        """It opens after so many failures in a row, and stays open for `rest` seconds."""
        self._most = failures
        self._rest = rest
        self._timer = timer
        self._failures = 0
        self._opened_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._most and self._timer() < self._opened_at + self._rest

    def check(self) -> None:
        if self.is_open:
            raise CircuitOpen(
                f"{self._failures} calls in a row failed: it is left alone for {self._rest / 60:.0f} minutes"
            )

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._most:
            self._opened_at = self._timer()
