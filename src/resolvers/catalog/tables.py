"""What an import of a catalog reads and writes: rows of any table, found by any columns."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import and_, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database import Bulk, Statement, among, change_rows, ordered_join, rows_of, table_of

Columns: TypeAlias = dict[str, Any]
"""Values by the names of columns."""
Change: TypeAlias = tuple[Columns, Columns]
"""A stored row, and what changes of it."""
Names: TypeAlias = tuple[str, ...]
Key: TypeAlias = tuple[Any, ...]
Model: TypeAlias = type[SQLModel]
Found: TypeAlias = defaultdict[Key, list[Columns]]
Fetch: TypeAlias = Callable[..., Awaitable[list[Columns]]]
Find: TypeAlias = Callable[[Model, Names, Iterable[Key]], Awaitable[Found]]


class Tables:
    """Tables within one transaction."""

    def __init__(self, session: AsyncSession, bulk: Bulk) -> None:
        self._session = session
        self._bulk = bulk

    async def find(self, model: Model, names: Names, keys: Iterable[Key]) -> Found:
        """The rows that have one of these keys in these columns, by their keys."""
        return await found(self._bulk.fetch, model, names, keys)

    async def add(self, model: Model, rows: Sequence[Columns]) -> list[Columns]:
        """Adds rows that have the same columns. Those that have public ids are returned with their ids."""
        if not rows:
            return []
        table = table_of(model)
        await self._session.execute(insert(table), rows)
        if "public_id" not in table.c:
            return list(rows)
        stored = await self.find(model, ("public_id",), {(row["public_id"],) for row in rows})
        return [stored[row["public_id"],][0] for row in rows]

    async def add_alike(self, model: Model, row: Columns, number: int) -> list[int]:
        """Adds so many rows that differ only in their ids. Returns these."""
        if not number:
            return []
        table = table_of(model)
        statement = insert(table).returning(table.c.id)
        return list(await self._session.scalars(statement, [row] * number))

    async def change(self, model: Model, changes: Sequence[Change]) -> None:
        key = key_names(model)
        alike: defaultdict[Names, list[Key]] = defaultdict(list)
        for row, changed in changes:
            alike[tuple(changed)].append((*(row[name] for name in key), *changed.values()))
        for names, rows in alike.items():
            await change_rows(self._session, model, key, names, rows)

    async def beside(self, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
        """Does what belongs to the rows, such as counting them."""
        await work(self._session)


def key_names(model: Model) -> Names:
    return tuple(column.name for column in table_of(model).primary_key.columns)


async def found(fetch: Fetch, model: Model, names: Names, keys: Iterable[Key]) -> Found:
    rows: Found = defaultdict(list)
    asked = [key[0] for key in keys] if len(names) == 1 else list(keys)
    if not asked:
        return rows
    for row in await fetch(_statement(model, names), keys=asked):
        rows[tuple([row[name] for name in names])].append(row)
    return rows


@lru_cache(maxsize=128)
def _statement(model: Model, names: Names) -> Statement[Columns]:
    table = table_of(model)
    columns = [column.name for column in table.columns]

    def row(*values: Any) -> Columns:
        return dict(zip(columns, values, strict=True))

    if len(names) == 1:
        return Statement(select(table).where(among(table.c[names[0]], "keys")), row)
    types = {name: table.c[name].type for name in names}
    asked = rows_of("keys", **types).table_valued(*names, name="asked")
    is_asked = and_(*(table.c[name] == asked.c[name] for name in names))
    return Statement(select(table).select_from(ordered_join(asked, table, is_asked)), row)
