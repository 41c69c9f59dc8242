from asyncio import Future, ensure_future
from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import aiodataloader
from aiodataloader import DataLoader, dispatch_queue

from database import Database, Statement, current_usage

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")


class Loader(DataLoader[K, V]):
    """One batch of keys, one statement. Lives for one request."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database

    def do_resolve_reject(self, key: K, future: "Future[V]") -> None:
        """As it is done by the library, but that a batch waits for those who wait for their turn."""
        self._queue.append(aiodataloader.Loader(key=key, future=future))
        if len(self._queue) == 1:
            self.loop.call_soon(ensure_future, self._dispatch())

    async def _dispatch(self) -> None:
        await current_usage().line.settled()
        dispatch_queue(self)


class RowLoader(Loader[K, R | None], Generic[K, R]):
    """At most one row for each key. The statement takes `keys`."""

    statement: ClassVar[Statement[Any]]
    key: ClassVar[str]
    """The column that is the key, by its name in the row."""

    async def batch_load_fn(self, keys: Sequence[K]) -> list[R | None]:
        # PostgreSQL refuses a whole list for one text with this character, which no stored text has.
        known = [key for key in keys if not (isinstance(key, str) and "\x00" in key)]
        rows = await self.database.fetch(self.statement, keys=known)
        found = {getattr(row, self.key): row for row in rows}
        return [found.get(key) for key in keys]
