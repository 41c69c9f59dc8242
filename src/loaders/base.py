"""The loaders of one request, and what they have in common."""

from asyncio import Future, ensure_future, get_running_loop
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from aiodataloader import DataLoader

from database import Database, Statement, current_usage, for_one
from loaders.ahead import Asking, Foreseen, ReadAhead, ReadAlone, Row, beside_rows
from loaders.ahead import Series as SeriesOfRow
from loaders.batches import Batch, settle
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

    __slots__ = (
        "_foreseen",
        "_person_id",
        "_series",
        "database",
        "figure_cache",
        "now",
        "read_points",
        "rights",
        "shown_points",
    )

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
        self._foreseen: Foreseen = {}
        self._person_id: int | None = None
        self._series: SeriesOfRow | None = None

    def foresee(self, foreseen: Foreseen, person_id: int | None) -> None:
        """From now on, rows are read together with what will be asked for of them: by the type of the row.

        `person_id`: see `Asking`.
        """
        self._foreseen = beside_rows(foreseen) if self.database.is_cluster else foreseen
        self._person_id = person_id

    def foresee_series(self, series: SeriesOfRow | None) -> None:
        """From now on, a row of its type that is read alone is read together with the series. A cluster has
        its points elsewhere.
        """
        self._series = None if self.database.is_cluster else series

    def ahead(self) -> dict[Row, ReadAhead]:
        """By the type of the row."""
        return {row: self._ahead_of(row) for row in self._foreseen}

    def ahead_of(self, row: Row) -> ReadAhead | None:
        return self._ahead_of(row) if row in self._foreseen else None

    def alone(self, row: Row) -> ReadAlone | None:
        """For one row that is read alone."""
        series = self._series
        if series is None or series.row is not row:
            return None
        return ReadAlone(self._foreseen.get(row, ()), self, Asking(self.now, self._person_id, series))

    def _ahead_of(self, row: Row) -> ReadAhead:
        return ReadAhead(self._foreseen[row], self, Asking(self.now, self._person_id))

    def __missing__(self, kind: type[L]) -> L:
        made = self[kind] = kind(self)
        return made

    if TYPE_CHECKING:

        def __getitem__(self, kind: type[L], /) -> L: ...


class Loader(DataLoader[K, V]):
    """Reads one batch of keys by one statement. It lives for one request.

    Beside what a data loader has, it takes many keys for one future, and values that were read elsewhere.
    """

    reads: ClassVar[tuple[type["Loader[Any, Any]"], ...]] = ()
    """The loaders that it asks for each of its keys, if it has no statement of its own."""
    reads_of_all_time: ClassVar[tuple[type["Loader[Any, Any]"], ...]] = ()
    """Those that it asks, too, where the field has no arguments, such as a range."""

    def __init__(self, loaders: Loaders) -> None:
        """A loader takes from `loaders` what it needs, such as other loaders. It does not keep `loaders`, so
        that all of them are freed as soon as the request forgets them.
        """
        # The base's constructor is not called: nothing here uses what it makes, and it takes time.
        self.database = loaders.database
        self._known: dict[K, V] = {}
        self._reading: dict[K, Batch[K]] = {}
        """The batch of each key that is not known yet and was asked for."""
        self._next: Batch[K] | None = None
        """The batch that takes further keys."""

    def made_at_once(self, _: Sequence[K], /) -> list[V] | None:
        """The values if all that they are made of is known. None otherwise.

        For loaders that have no statement of their own: see `reads`.
        """
        return None

    def know(self, values: Mapping[K, V]) -> None:
        """Takes values that were read together with something else. They are not read again."""
        self._known.update(values)

    def load(self, key: K) -> "Future[V]":
        """Each caller gets a future of its own. So the callers of one key need not all go on at once, and one
        who gives up takes no other along."""
        future: Future[V] = get_running_loop().create_future()
        if key in self._known:
            settle(future, self._known[key])
        else:
            self._batch_of(key).waiting.append((future, key))
        return future

    def load_many(self, keys: Iterable[K]) -> "Future[list[V]]":
        """The values in the order of the keys. Raises the error of the first that has none."""
        return ensure_future(self.in_order(list(keys)))

    async def in_order(self, keys: Sequence[K]) -> list[V]:
        """The same without a task."""
        values = self.known(keys)
        if values is None:
            read = await self.many(keys)
            values = [_value(read[key]) for key in keys]
        return values

    def known(self, keys: Sequence[K]) -> list[V] | None:
        """The same if nothing has to be read. None otherwise."""
        try:
            return [self._known[key] for key in keys]
        except KeyError:
            pass
        made = self.made_at_once(keys)
        if made is not None:
            self._known.update(zip(keys, made, strict=True))
        return made

    async def many(self, keys: Iterable[K]) -> "dict[K, V | Exception]":
        """The value of each key, or why it has none. A caller of many keys waits once for all of them."""
        asked = dict.fromkeys(keys)
        try:
            return {key: self._known[key] for key in asked}
        except KeyError:
            return await self._read_many(asked)

    async def _read_many(self, asked: Iterable[K]) -> "dict[K, V | Exception]":
        batches = {key: self._batch_of(key) for key in asked if key not in self._known}
        for end in [batch.ended() for batch in set(batches.values())]:
            await end
        return {key: self._known[key] if key in self._known else batches[key].error for key in asked}

    def _batch_of(self, key: K) -> Batch[K]:
        """The next batch, unless the key is being read. The batch is read when everything that runs in this
        request has asked for its keys."""
        batch = self._reading.get(key)
        if batch is None:
            batch = self._next
            if batch is None:
                batch = self._next = Batch()
                loop = get_running_loop()
                loop.call_soon(loop.create_task, self._read(batch))
            batch.keys.append(key)
            self._reading[key] = batch
        return batch

    async def _read(self, batch: Batch[K]) -> None:
        run_queue = current_usage().run_queue
        await run_queue.caught_up()
        self._next = None
        try:
            values = await self.batch_load_fn(batch.keys)
            self._known.update(zip(batch.keys, values, strict=True))
        except Exception as error:
            batch.failure = error
        # Until all are told, others may still ask for the keys of a batch that failed.
        for settled, (future, key) in enumerate(batch.waiting):
            if settled and settled % _AT_ONCE == 0:
                await run_queue.wait_turn()
            settle(future, None if key is None else self._known.get(key, batch.failure))
        for key in batch.keys:
            del self._reading[key]


def _value(known: V | Exception) -> V:
    if isinstance(known, Exception):
        raise known
    return known


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
    """Gives at most one row for each key. The statement takes `keys`, and `row` of it is a NamedTuple."""

    statement: ClassVar[Statement[Any]]
    key: ClassVar[str]
    """The column that is the key, by its name in the row."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._ahead = loaders.ahead_of(self.statement.row)
        self._alone = loaders.alone(self.statement.row)

    async def batch_load_fn(self, keys: Sequence[K]) -> list[R | None]:
        # No stored text has this character, and PostgreSQL refuses a whole list for one text that has it.
        known = [key for key in keys if not (isinstance(key, str) and "\x00" in key)]
        found = {getattr(row, self.key): row for row in await self._rows(known)}
        return [found.get(key) for key in keys]

    async def _rows(self, keys: list[K]) -> list[R]:
        if len(keys) != 1:
            return await self._read_with(self._ahead, self.statement, keys=keys)
        (key,) = keys
        alone = self._alone if self._alone and self._alone.is_for(key) else None
        rows = await self._read_with(alone or self._ahead, _for_one(self.statement), key=key)
        if alone:
            alone.note(key, rows)
        return rows

    async def _read_with(self, ahead: ReadAhead | None, statement: Statement[R], **given: Any) -> list[R]:
        if ahead is None:
            return await self.database.fetch(statement, **given)
        return await ahead.fetch(self.database, statement, self.statement.row, **given)


@cache
def _for_one(statement: Statement[R]) -> Statement[R]:
    """Of a loader's statement: there are as many as classes."""
    return statement.changed(lambda text: for_one(text, "keys", "key"), statement.row)
