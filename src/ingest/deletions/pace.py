"""How much is deleted at a time. Whoever waits behind it waits for some milliseconds."""

from asyncio import sleep
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Final

_FIRST: Final = 200
_FEWEST: Final = 100
_MOST: Final = 5_000
_SECONDS: Final = 0.003
"""How long a transaction should keep the database: as long as a batch of a few events does."""
_MOST_AT_ONCE: Final = 1.25
"""By how much a transaction may be larger than the one before."""
_LONGEST_REST: Final = 1.0


class Pace:
    """`rest`: how many times as long as a turn took it leaves the database to others. On a busy machine a
    turn takes longer, and so does its rest.
    """

    def __init__(self, rest: float = 4.0) -> None:
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
        self.fit(monotonic() - began)

    def fit(self, seconds: float, *, is_full: bool = True) -> None:
        """So many rows took so long. The next time there are more or fewer. `is_full`: whether they were so
        many. If not, there are no more the next time.
        """
        times = min(_SECONDS / max(seconds, 1e-6), _MOST_AT_ONCE if is_full else 1)
        self.size = max(_FEWEST, min(round(self.size * times), _MOST))
