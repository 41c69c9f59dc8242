"""The common part of HTTP connections and WebSockets."""

from asyncio import Protocol, TimerHandle
from typing import Any


class GuardedConnection(Protocol):
    """A mixin that comes before uvicorn's own protocol."""

    transport: Any
    """A GuardedTransport."""
    _timer: TimerHandle | None = None
    """Runs while the client has to send something in time."""

    def pause_writing(self) -> None:
        super().pause_writing()
        self.transport.stuck()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.transport.moving()

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
