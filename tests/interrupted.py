"""A background job between whose steps something else is done."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ingest.deletions.pace import Pace

Change = Callable[[], Awaitable[object]]


class Interrupted(Pace):
    """Something else is done before each small step."""

    def __init__(self, *changes: Change) -> None:
        super().__init__(rest=0)
        self.size = 40
        self._changes = list(changes)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self._changes:
            await self._changes.pop(0)()
        yield
