"""Sorted streams of rows from the database, which are merged. Only a part of each is in memory."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from operator import itemgetter
from typing import Any, Generic, Protocol, Self, TypeVar

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Sequence[Any]


class _Comparable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


K = TypeVar("K", bound=_Comparable)

ROWS_AT_A_TIME = 2_000


class SortedStream(Generic[K]):
    """A stream of rows that are sorted by their first column."""

    def __init__(self, parts: AsyncIterator[Sequence[Row]]) -> None:
        self._parts = parts
        self._part: Sequence[Row] = ()
        self._place = 0

    @classmethod
    async def read(
        cls, connection: AsyncConnection, statement: Select[Any], *, at_a_time: int = ROWS_AT_A_TIME
    ) -> Self:
        """Reads within the connection's transaction."""
        result = await connection.stream(statement, execution_options={"yield_per": at_a_time})
        return cls(result.partitions())

    async def key(self) -> K | None:
        """The first column of the next row; None after the last one."""
        while self._place >= len(self._part):
            part = await anext(self._parts, None)
            if part is None:
                return None
            self._part, self._place = part, 0
        key: K = self._part[self._place][0]
        return key

    async def parts(self, key: K) -> AsyncIterator[Sequence[Row]]:
        """The rows of this key, which must not come after the next row's key. After them, the next key
        follows.
        """
        while await self.key() == key:
            start, stop = self._place, bisect_right(self._part, key, self._place, key=itemgetter(0))
            self._place = stop
            yield self._part[start:stop]

    async def rows(self, key: K) -> list[Row]:
        return [row async for part in self.parts(key) for row in part]


async def merged_keys(streams: Sequence[SortedStream[K]]) -> AsyncIterator[K]:
    """All keys of the streams, in order. The rows of a key must be taken before the next key is asked for."""
    while True:
        nexts = [key for stream in streams if (key := await stream.key()) is not None]
        if not nexts:
            return
        yield min(nexts)
