"""Lanes: of each caller, so many things are done at a time. More of them wait, and others come in between."""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class _Lane:
    def __init__(self, most: int) -> None:
        self.room = Semaphore(most)
        self.users = 0
        """Inside and waiting."""


class Lanes:
    """A worker does one thing at a time. Without lanes, whoever asks for a hundred things at once would have
    a hundred turns for each one of everybody else.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lanes: dict[Hashable, _Lane] = {}

    @asynccontextmanager
    async def of(self, caller: Hashable) -> AsyncIterator[None]:
        lane = self._lanes.get(caller)
        if lane is None:
            lane = self._lanes[caller] = _Lane(self._most)
        lane.users += 1
        try:
            async with lane.room:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[caller]

    def __len__(self) -> int:
        return len(self._lanes)
