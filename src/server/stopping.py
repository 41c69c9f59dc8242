"""When the server is told to end: what would go on for ever ends then, as the server waits for it."""

import signal
from asyncio import Event, get_running_loop
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    def __init__(self) -> None:
        self._told = Event()

    async def wait(self) -> None:
        await self._told.wait()

    def tell(self) -> None:
        self._told.set()

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Before whoever heeded them already; in the main thread alone, as Python has it."""
        if current_thread() is not main_thread():
            yield
            return
        loop = get_running_loop()
        before = {int(number): signal.getsignal(number) for number in _SIGNALS}

        def heed(number: int, frame: FrameType | None) -> Any:
            loop.call_soon_threadsafe(self.tell)
            previous = before[number]
            return previous(number, frame) if callable(previous) else None

        mine = [number for number, previous in before.items() if callable(previous)]
        for number in mine:
            signal.signal(number, heed)
        try:
            yield
        finally:
            for number in mine:
                signal.signal(number, before[number])
