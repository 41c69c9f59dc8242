"""How much is deleted at a time. Whoever waits behind it waits for some milliseconds."""

from asyncio import sleep
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Final

_FIRST: Final = 500
_FEWEST: Final = 250
_MOST: Final = 5_000
_SECONDS: Final = 0.01
"""How long the statements of a transaction should take. What a commit takes does not depend on their rows."""
_LONGEST_REST: Final = 0.5


class Pace:
    """`rest`: how many times as long as it wrote it leaves the database to others."""

    def __init__(self, rest: float = 1.5) -> None:
        self.size = _FIRST
        """How many rows are deleted at a time."""
        self._rest = rest

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A block with one transaction."""
        began = monotonic()
        yield
        await sleep(min((monotonic() - began) * self._rest, _LONGEST_REST))

    @contextmanager
    def measured(self) -> Iterator[None]:
        """The statements about so many rows. The next time there are more or fewer."""
        began = monotonic()
        yield
        took = monotonic() - began
        if took > 2 * _SECONDS:
            self.size = max(_FEWEST, self.size // 2)
        elif took < _SECONDS / 2:
            self.size = min(_MOST, self.size * 2)
