"""How much is deleted at a time. Whoever waits behind it waits for some milliseconds."""

from asyncio import sleep
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Final

_FIRST: Final = 250
_FEWEST: Final = 250
_MOST: Final = 5_000
_SECONDS: Final = 0.003
"""How long a transaction should keep the database: as long as a batch of a few events does."""
_LOOKS_BACK: Final = 8
"""To so many transactions: on a busy machine most of them wait for a processor, and fewer rows would wait as
long."""
_LONGEST_REST: Final = 0.5


class Pace:
    """`rest`: how many times as long as a turn took it leaves the database to others. On a busy machine a
    turn takes longer, and so does its rest.
    """

    def __init__(self, rest: float = 4.0) -> None:
        self.size = _FIRST
        """How many rows are deleted at a time."""
        self._rest = rest
        self._each: deque[float] = deque(maxlen=_LOOKS_BACK)
        """Seconds that a row took."""

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
        self.fit(monotonic() - began)

    def fit(self, seconds: float) -> None:
        """So many rows took so long. The next time there are more or fewer."""
        self._each.append(seconds / self.size)
        wanted = _SECONDS / max(min(self._each), _SECONDS / _MOST)
        self.size = max(_FEWEST, min(round(wanted), self.size * 2))
