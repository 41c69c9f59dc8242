"""Connections that are held open, and a limit on how many are used at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from base.errors import Unavailable

C = TypeVar("C")

_SLOT_SECONDS = 4.0


class Slots:
    """At most `limit` may do something at a time. Others wait in the order in which they came."""

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)
        self.limit = limit
        self.taken = 0
        self.waiting = 0

    async def take(self) -> None:
        """Raises UNAVAILABLE if it takes too long."""
        if not self._free.locked():
            await self._free.acquire()
            self.taken += 1
            return
        try:
            async with asyncio.timeout(_SLOT_SECONDS):
                await self.take_in_turn()
        except TimeoutError:
            raise Unavailable("Too many others are reading at this moment. Try again shortly.") from None

    async def take_in_turn(self) -> None:
        """Waits as long as it takes."""
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.taken += 1

    def give_back(self) -> None:
        self.taken -= 1
        self._free.release()


class Pool(Generic[C]):
    """A connection for each slot, opened when it is first needed. The last one that was used is taken next,
    because its caches are warm.
    """

    def __init__(self, slots: Slots, connect: Callable[[], Awaitable[C]]) -> None:
        self._connect = connect
        self._free: deque[C] = deque()
        self._slots = slots
        self._returning: set[asyncio.Task[None]] = set()

    async def take(self) -> C:
        await self._slots.take()
        if self._free:
            return self._free.pop()
        opening = asyncio.ensure_future(self._connect())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The connection may be a thread, and nobody else would end it.
            self.give_back_later(opening)
            raise
        except BaseException:
            self.lose()
            raise

    def give_back(self, connection: C) -> None:
        self._free.append(connection)
        self._slots.give_back()

    def lose(self) -> None:
        self._slots.give_back()

    def give_back_later(self, sound: Awaitable[C | None]) -> None:
        """Gives the connection back once it is sound. None, or an error, means that it is lost: then another
        one is opened when it is needed.
        """

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

        # Nobody else waits for the task, and the event loop does not keep it alive.
        task = asyncio.create_task(wait())
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def all_back(self) -> None:
        """Waits for the connections that are given back later."""
        await asyncio.gather(*self._returning)

    def drain(self) -> list[C]:
        """Takes all free connections out of the pool."""
        connections = list(self._free)
        self._free.clear()
        return connections
