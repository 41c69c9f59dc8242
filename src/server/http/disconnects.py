"""Clients that do not wait for the answer to what they asked."""

from asyncio import Task, create_task, get_running_loop
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import Receive

_NOTICED_SECONDS = 1.0
"""After which it is looked for: most queries are over long before, and looking takes a task."""


async def client_is_gone(receive: Receive) -> None:
    """Once the client is, of which the whole request has come."""
    while (await receive())["type"] != "http.disconnect":
        pass


@contextmanager
def watching_for_disconnect(receive: Receive, leave: Callable[[], None]) -> Iterator[None]:
    """`leave` is called when the client is gone before the block ends, but not in its first second."""
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
