from asyncio import Future, ensure_future
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import aiodataloader
from aiodataloader import DataLoader

from database import Database, Statement, current_usage

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")


_AT_ONCE = 100
"""Those who are told a value before the event loop turns: each goes on with it."""


class Loader(DataLoader[K, V]):
    """One batch of keys, one statement. Lives for one request."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self._others: dict[K, list[Future[V]]] = {}
        """Who asked for a key that somebody had asked for already."""

    def load(self, key: K) -> "Future[V]":
        """A future for each who asks: those of one key need not all go on at once."""
        asked = self._cache.get(key)
        # Cancelled with whoever waited for it: others have not given up.
        if asked is None or asked.cancelled():
            asked = self._cache[key] = self.loop.create_future()
            self.do_resolve_reject(key, asked)
        elif not asked.done():
            asked = self.loop.create_future()
            self._others.setdefault(key, []).append(asked)
        return asked

    def do_resolve_reject(self, key: K, future: "Future[V]") -> None:
        """A key more for the next batch, which is read when everybody in this request has said theirs."""
        self._queue.append(aiodataloader.Loader(key=key, future=future))
        if len(self._queue) == 1:
            self.loop.call_soon(ensure_future, self._read())

    async def _read(self) -> None:
        run_queue = current_usage().run_queue
        await run_queue.caught_up()
        queue, self._queue = self._queue, []
        values: Sequence[V | Exception]
        is_failed = False
        try:
            values = await self.batch_load_fn([asked.key for asked in queue])
            assert len(values) == len(queue), f"{type(self).__name__} has a value for each key"
        except Exception as error:
            values = [error] * len(queue)
            is_failed = True
        told = 0
        for asked, value in zip(queue, values, strict=True):
            for future in self._those_who_asked(asked):
                if told and told % _AT_ONCE == 0:
                    await run_queue.wait_turn()
                _tell(future, value)
                told += 1
            if is_failed:
                self.clear(asked.key)

    def _those_who_asked(self, asked: aiodataloader.Loader) -> "Iterator[Future[V]]":
        """The others are known once the first one was told: until then, more may ask."""
        yield asked.future
        yield from self._others.pop(asked.key, ())


def _tell(future: "Future[Any]", value: object) -> None:
    if future.done():
        return
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)


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
