"""How much is deleted at a time. Whoever waits behind it waits for a few milliseconds."""

from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

_FIRST: Final = 200
_FEWEST: Final = 50
_MOST: Final = 5_000
_SECONDS: Final = 0.01
"""How long a transaction should take."""
_LONGEST_REST: Final = 1.0


class Pace:
    """`rest`: how many times as long as it wrote it leaves the database to others."""

    def __init__(self, rest: float = 2.0) -> None:
        self.size = _FIRST
        """How many rows are deleted at a time."""
        self._rest = rest

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A block that writes so many rows in one transaction."""
        began = monotonic()
        yield
        took = monotonic() - began
        if took > 2 * _SECONDS:
            self.size = max(_FEWEST, self.size // 2)
        elif took < _SECONDS / 2:
            self.size = min(_MOST, self.size * 2)
        await sleep(min(took * self._rest, _LONGEST_REST))
