"""A dry run: what it would store is kept in memory, and found like what is stored."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from database import Database
from resolvers.catalog.tables import Change, Columns, Found, Key, Model, Names, Tables, found, key_names

AnyTables: TypeAlias = "Tables | Rehearsal"


class Rehearsal:
    """Outlives the transactions that it stands for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made = 0
        self._rows: defaultdict[Model, dict[Key, Columns]] = defaultdict(dict)
        """Rows that it would add or change, by their primary keys."""
        self._indexes: defaultdict[Model, dict[Names, _Index]] = defaultdict(dict)

    async def find(self, model: Model, names: Names, keys: Iterable[Key]) -> Found:
        asked = list(keys)
        rows = await found(self._database.fetch, model, names, asked)
        primary = key_names(model)
        for key in asked:
            would = {id: self._rows[model][id] for id in self._ids(model, names, key)}
            if would:
                stored = {_key(row, primary): row for row in rows[key]}
                rows[key] = list({**stored, **would}.values())
        return rows

    async def add(self, model: Model, rows: Sequence[Columns]) -> list[Columns]:
        if key_names(model) == ("id",):
            rows = [{**row, "id": self._next_id()} for row in rows]
        self._keep(model, rows)
        return list(rows)

    async def add_alike(self, model: Model, row: Columns, number: int) -> list[int]:
        """They share one row here: there may be as many as there are users."""
        ids = [self._next_id() for _ in range(number)]
        self._rows[model].update(dict.fromkeys(((id,) for id in ids), row))
        return ids

    async def change(self, model: Model, changes: Sequence[Change]) -> None:
        self._keep(model, [{**row, **changed} for row, changed in changes])

    async def beside(self, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
        pass

    def _next_id(self) -> int:
        """No stored row has a negative id."""
        self._made -= 1
        return self._made

    def _keep(self, model: Model, rows: Sequence[Columns]) -> None:
        primary = key_names(model)
        for row in rows:
            id = _key(row, primary)
            self._rows[model][id] = row
            for names, index in self._indexes[model].items():
                index.add(_key(row, names), id)

    def _ids(self, model: Model, names: Names, key: Key) -> Iterable[Key]:
        """The primary keys of rows that have this key."""
        if names == key_names(model):
            return (key,) if key in self._rows[model] else ()
        index = self._indexes[model].get(names)
        if index is None:
            index = self._indexes[model][names] = _Index()
            for id, row in self._rows[model].items():
                index.add(_key(row, names), id)
        return index.get(key, ())


class _Index(dict[Key, tuple[Key, ...]]):
    def add(self, key: Key, id: Key) -> None:
        known = self.get(key, ())
        if id not in known:
            self[key] = (*known, id)


def _key(row: Columns, names: Names) -> Key:
    return tuple([row[name] for name in names])
