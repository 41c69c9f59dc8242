"""Sources: what a subscription shows, and which changes make it show that again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ingest.topics import Topic

C = TypeVar("C")
R = TypeVar("R")
N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Source(Generic[C, R]):
    topics: tuple[Topic, ...]
    """When one of them changes, what is shown may change."""
    seconds: int
    """The least number of seconds between two answers."""
    read: Callable[[C], Awaitable[R]]
    """Reads what is shown now, with the context of whoever asks."""

    def shown(self, of: Callable[[R], N]) -> "Source[C, N]":
        """The same source, which shows what `of` makes of each row."""

        async def read(context: C) -> N:
            return of(await self.read(context))

        return Source(self.topics, self.seconds, read)
