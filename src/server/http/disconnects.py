"""Clients that disconnect before they are answered."""

from asyncio import Task, create_task, get_running_loop
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import Receive

_NOTICED_SECONDS = 1.0
"""Seconds until the watching begins. Most queries end long before, and watching takes a task."""


async def client_is_gone(receive: Receive) -> None:
    """Returns once the client is gone. Its whole request must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


@contextmanager
def watching_for_disconnect(receive: Receive, leave: Callable[[], None]) -> Iterator[None]:
    """Calls `leave` if the client disconnects before the block ends, but not in the first second."""
    looking: list[Task[None]] = []

    async def look() -> None:
        await client_is_gone(receive)
        leave()

    timer = get_running_loop().call_later(_NOTICED_SECONDS, lambda: looking.append(create_task(look())))
    try:
        yield
    finally:
        timer.cancel()
        for task in looking:
            task.cancel()
