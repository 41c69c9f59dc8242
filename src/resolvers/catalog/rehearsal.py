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
        self._indexes: dict[tuple[Model, Names], defaultdict[Key, set[Key]]] = {}

    async def find(self, model: Model, names: Names, keys: Iterable[Key]) -> Found:
        asked = list(keys)
        rows = await found(self._database.fetch, model, names, asked)
        primary = key_names(model)
        index = self._index(model, names)
        for key in asked:
            would = {id: self._rows[model][id] for id in index.get(key, ())}
            stored = {tuple(row[name] for name in primary): row for row in rows[key]}
            rows[key] = list({**stored, **would}.values())
        return rows

    async def add(self, model: Model, rows: Sequence[Columns]) -> list[Columns]:
        added = []
        for row in rows:
            self._made += 1
            # No stored row has a negative id.
            added.append({**row, "id": -self._made} if key_names(model) == ("id",) else row)
        self._keep(model, added)
        return added

    async def change(self, model: Model, changes: Sequence[Change]) -> None:
        self._keep(model, [{**row, **changed} for row, changed in changes])

    async def beside(self, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
        pass

    def _keep(self, model: Model, rows: Sequence[Columns]) -> None:
        primary = key_names(model)
        for row in rows:
            id = tuple(row[name] for name in primary)
            self._rows[model][id] = row
            for (of, names), index in self._indexes.items():
                if of is model:
                    index[tuple(row[name] for name in names)].add(id)

    def _index(self, model: Model, names: Names) -> defaultdict[Key, set[Key]]:
        known = self._indexes.get((model, names))
        if known is None:
            known = self._indexes[model, names] = defaultdict(set)
            for id, row in self._rows[model].items():
                known[tuple(row[name] for name in names)].add(id)
        return known
