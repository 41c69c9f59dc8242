"""Work that nobody waits for: it is done one by one, after the answer.

So an answer takes the same time whether or not there is something to do, such as to send mail to an account.
"""

import logging
from asyncio import Queue, QueueFull, Task, create_task, timeout
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import TypeAlias

from base.errors import Unavailable

Work: TypeAlias = Callable[[], Awaitable[object]]

log = logging.getLogger("viewgraph")

_MOST = 1_000
_LAST_SECONDS = 10.0
"""How long the end of the program waits for what is left."""


class Outbox:
    def __init__(self) -> None:
        self._waiting: Queue[Work] = Queue(_MOST)
        self._running: Task[None] | None = None

    def put(self, work: Work) -> None:
        """Raises UNAVAILABLE if too much is waiting."""
        try:
            self._waiting.put_nowait(work)
        except QueueFull:
            raise Unavailable(
                "Too much mail is waiting to be sent. Try again later.", retry_after=60
            ) from None
        if self._running is None or self._running.done():
            # It is part of no request.
            self._running = Context().run(create_task, self._run())

    async def emptied(self) -> None:
        """Waits until all is done that was put so far."""
        await self._waiting.join()

    async def close(self) -> None:
        with suppress(TimeoutError):
            async with timeout(_LAST_SECONDS):
                await self.emptied()
        if self._running:
            self._running.cancel()

    async def _run(self) -> None:
        while True:
            work = await self._waiting.get()
            try:
                await work()
            except Exception as error:
                # What went wrong may have a secret in it.
                log.error("Something could not be done after an answer: %s", type(error).__name__)
            finally:
                self._waiting.task_done()
