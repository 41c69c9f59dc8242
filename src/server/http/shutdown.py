"""The shutdown of the server. It ends streams, which would never end by themselves, because the server waits
for all answers.
"""

import signal
from asyncio import CancelledError, Event, get_running_loop
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ENDING = {"code": "UNAVAILABLE", "message": "The server ends. Try again shortly.", "retryAfter": 1}
_AGAIN = {"retry-after": "1", "connection": "close"}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Shutdown:
    def __init__(self) -> None:
        self._begun = Event()

    @property
    def has_begun(self) -> bool:
        return self._begun.is_set()

    async def wait(self) -> None:
        await self._begun.wait()

    def begin(self) -> None:
        self._begun.set()

    @contextmanager
    def begin_at_signals(self) -> Iterator[None]:
        """Begins the shutdown at a signal, and then calls the handler that was there before. It only works in
        the main thread, as Python requires.
        """
        if current_thread() is not main_thread():
            yield
            return
        loop = get_running_loop()
        before = {int(number): signal.getsignal(number) for number in _SIGNALS}

        def begin_and_pass_on(number: int, frame: FrameType | None) -> Any:
            loop.call_soon_threadsafe(self.begin)
            previous = before[number]
            return previous(number, frame) if callable(previous) else None

        mine = [number for number, previous in before.items() if callable(previous)]
        for number in mine:
            signal.signal(number, begin_and_pass_on)
        try:
            yield
        finally:
            for number in mine:
                signal.signal(number, before[number])


class AnswerAtShutdown:
    """uvicorn cancels the requests that still run when the time for the shutdown is over. This middleware
    then tells their clients to try again.
    """

    def __init__(self, app: ASGIApp, shutdown: Shutdown) -> None:
        self._app = app
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except CancelledError:
            # uvicorn would log it as a bug.
            if not self._shutdown.has_begun:
                raise
            if scope["type"] == "http" and not has_begun:
                await JSONResponse(_ENDING, 503, _AGAIN)(scope, receive, send)
