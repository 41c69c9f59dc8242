"""The loaders of one request, and what they have in common."""

from asyncio import Future, ensure_future
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import aiodataloader
from aiodataloader import DataLoader

from database import Database, Statement, current_usage
from loaders.figure_cache import FigureCache
from loaders.point_budget import PointBudget
from loaders.remembered_rights import RightsOfMoment

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")
L = TypeVar("L", bound="Loader[Any, Any]")

_AT_ONCE = 100
"""How many futures get their value before other requests have a turn: whatever waits for a future then
runs."""


class Loaders(dict[type["Loader[Any, Any]"], "Loader[Any, Any]"]):
    """The loaders of one request, by their classes, and what the request lends them. Each loader is made when
    it is first asked for. This is a dict, because every field of every object looks a loader up.
    """

    __slots__ = ("database", "figure_cache", "now", "read_points", "rights", "shown_points")

    def __init__(
        self,
        database: Database,
        figure_cache: FigureCache,
        now: datetime,
        *,
        most_points: int = 25_000,
    ) -> None:
        """`most_points`: how many points all series together may have."""
        super().__init__()
        self.database = database
        self.figure_cache = figure_cache
        self.now = now
        self.read_points = PointBudget(most_points)
        self.rights: RightsOfMoment | None = None
        """Rights that are remembered; None if they are read."""
        self.shown_points = PointBudget(most_points)
        """The points of a series count each time that it is shown."""

    def __missing__(self, kind: type[L]) -> L:
        made = self[kind] = kind(self)
        return made

    if TYPE_CHECKING:

        def __getitem__(self, kind: type[L], /) -> L: ...


class Loader(DataLoader[K, V]):
    """Reads one batch of keys by one statement. It lives for one request."""

    def __init__(self, loaders: Loaders) -> None:
        """A loader takes from `loaders` what it needs, such as other loaders. It does not keep `loaders`, so
        that all of them are freed as soon as the request forgets them.
        """
        super().__init__()
        self.database = loaders.database
        self._others: dict[K, list[Future[V]]] = {}
        """Further futures of each key that is being read."""

    def load(self, key: K) -> "Future[V]":
        """Each caller gets a future of its own, so that the callers of one key need not all go on at once."""
        asked = self._cache.get(key)
        # A future is cancelled together with a caller that waits for it. This caller still waits.
        if asked is None or asked.cancelled():
            asked = self._cache[key] = self.loop.create_future()
            self.do_resolve_reject(key, asked)
        elif not asked.done():
            asked = self.loop.create_future()
            self._others.setdefault(key, []).append(asked)
        return asked

    def do_resolve_reject(self, key: K, future: "Future[V]") -> None:
        """Adds a key to the next batch. The batch is read when everything that runs in this request has
        asked for its keys."""
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
        settled = 0
        for asked, value in zip(queue, values, strict=True):
            for future in self._futures_of(asked):
                if settled and settled % _AT_ONCE == 0:
                    await run_queue.wait_turn()
                _settle(future, value)
                settled += 1
            if is_failed:
                self.clear(asked.key)

    def _futures_of(self, asked: aiodataloader.Loader) -> "Iterator[Future[V]]":
        """The first future comes before the others: until it has its value, callers may still ask for the
        key."""
        yield asked.future
        yield from self._others.pop(asked.key, ())


def _settle(future: "Future[Any]", value: object) -> None:
    if future.done():
        return
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)


def after_key(row: Callable[..., R]) -> Callable[..., tuple[Any, R]]:
    """Splits the columns of a `GroupLoader`: the first is the key, and the others make a row."""
    return lambda key, *columns: (key, row(*columns))


class GroupLoader(Loader[K, tuple[R, ...]], Generic[K, R]):
    """Gives all rows of each key, in the order of the statement. The statement takes `keys`, and its first
    column is the key.
    """

    statement: ClassVar[Statement[Any]]

    async def batch_load_fn(self, keys: Sequence[K]) -> list[tuple[R, ...]]:
        groups: dict[K, list[R]] = {key: [] for key in keys}
        for key, row in await self.database.fetch(self.statement, keys=keys):
            groups[key].append(row)
        return [tuple(groups[key]) for key in keys]


class RowLoader(Loader[K, R | None], Generic[K, R]):
    """Gives at most one row for each key. The statement takes `keys`."""

    statement: ClassVar[Statement[Any]]
    key: ClassVar[str]
    """The column that is the key, by its name in the row."""

    async def batch_load_fn(self, keys: Sequence[K]) -> list[R | None]:
        # No stored text has this character, and PostgreSQL refuses a whole list for one text that has it.
        known = [key for key in keys if not (isinstance(key, str) and "\x00" in key)]
        rows = await self.database.fetch(self.statement, keys=known)
        found = {getattr(row, self.key): row for row in rows}
        return [found.get(key) for key in keys]
