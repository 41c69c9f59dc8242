"""Connections that are held open, and how many of them are used at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from base.errors import Unavailable

C = TypeVar("C")

_PLACE_SECONDS = 4.0


class Places:
    """So many may do something at a time; the others wait, in the order in which they came."""

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)

    async def take(self) -> None:
        """Raises UNAVAILABLE after a while."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(_PLACE_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("All that may be read at a time is being read. Try again shortly.") from None

    async def take_in_turn(self) -> None:
        """However long it takes."""
        await self._free.acquire()

    def give_back(self) -> None:
        self._free.release()


class Held(Generic[C]):
    """A connection for each of the places, opened when first needed; the one used last is the next, being
    warm.
    """

    def __init__(self, places: Places, connect: Callable[[], Awaitable[C]]) -> None:
        self._connect = connect
        self._free: deque[C] = deque()
        self._places = places
        self._awaited: set[asyncio.Task[None]] = set()

    async def take(self) -> C:
        await self._places.take()
        if self._free:
            return self._free.pop()
        opening = asyncio.ensure_future(self._connect())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # It may be a thread, which nobody else would end.
            self.give_back_later(opening)
            raise
        except BaseException:
            self.lose()
            raise

    def give_back(self, connection: C) -> None:
        self._free.append(connection)
        self._places.give_back()

    def lose(self) -> None:
        self._places.give_back()

    def give_back_later(self, sound: Awaitable[C | None]) -> None:
        """When it is sound again. None, or an error, where it is lost: whoever asks next hears of it."""

        async def wait() -> None:
            connection = None
            try:
                with suppress(Exception):
                    connection = await sound
            finally:
                if connection is None:
                    self.lose()
                else:
                    self.give_back(connection)

        # Nobody else waits for it, and the event loop alone would let go of it.
        task = asyncio.create_task(wait())
        self._awaited.add(task)
        task.add_done_callback(self._awaited.discard)

    async def all_back(self) -> None:
        """Of those that were to come back later."""
        await asyncio.gather(*self._awaited)

    def drain(self) -> list[C]:
        connections = list(self._free)
        self._free.clear()
        return connections
