"""Clients that disconnect before they are answered."""

from asyncio import Task, create_task, get_running_loop
from collections.abc import Callable

from starlette.types import Receive

_NOTICED_SECONDS = 1.0
"""Seconds until the watching begins. Most queries end long before, and watching takes a task."""


async def client_is_gone(receive: Receive) -> None:
    """Returns once the client is gone. Its whole request must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


class watching_for_disconnect:
    """Calls `leave` if the client disconnects before the block ends, but not in the first second."""

    __slots__ = ("_leave", "_looking", "_receive", "_timer")

    def __init__(self, receive: Receive, leave: Callable[[], None]) -> None:
        self._receive = receive
        self._leave = leave
        self._looking: Task[None] | None = None

    def __enter__(self) -> None:
        self._timer = get_running_loop().call_later(_NOTICED_SECONDS, self._begin)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._looking:
            self._looking.cancel()

    def _begin(self) -> None:
        self._looking = create_task(self._look())

    async def _look(self) -> None:
        await client_is_gone(self._receive)
        self._leave()
