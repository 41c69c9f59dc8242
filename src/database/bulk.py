"""Many rows at once, written by the driver itself inside a session's transaction.

SQLAlchemy's insert lists take several times as long as the insert: here its part ends with the
table's columns and their types. On PostgreSQL a statement takes each column as one array; on
SQLite the driver repeats it row by row, which costs it nothing.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database.inserts import table_of
from database.statement import DIALECTS

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]

_IDS_OF_A_STATEMENT = 500


class _Columns(NamedTuple):
    """A table as one of the drivers sees it."""

    table: str
    names: tuple[str, ...]
    key: tuple[str, ...]
    types: tuple[str, ...]
    binds: tuple[Convert | None, ...]
    results: tuple[Convert | None, ...]

    def converted(self, rows: Sequence[Row]) -> list[Sequence[Any]]:
        """Column by column, as the driver takes them."""
        return [
            [None if value is None else bind(value) for value in column] if bind else column
            for bind, column in zip(self.binds, zip(*rows, strict=True), strict=True)
        ]

    @property
    def key_text(self) -> str:
        return ", ".join(self.key)

    @property
    def names_text(self) -> str:
        return ", ".join(self.names)


@lru_cache(maxsize=64)
def _columns(model: type[SQLModel], dialect_name: str) -> _Columns:
    table: Table = table_of(model)
    dialect = DIALECTS[dialect_name]
    types = [column.type.dialect_impl(dialect) for column in table.columns]
    return _Columns(
        table.name,
        tuple(column.name for column in table.columns),
        tuple(column.name for column in table.primary_key.columns),
        tuple(column.type.compile(dialect) for column in table.columns),
        tuple(type_.bind_processor(dialect) for type_ in types),
        tuple(type_.result_processor(dialect, None) for type_ in types),
    )


class Bulk:
    """Rows are tuples in the order of the table's columns."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row]:
        """The rows whose key was not there; the others change nothing. No key twice among them."""
        raise NotImplementedError

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        """`change` says what becomes of a row that is there, as SQL: `count = t.count + excluded.count`."""
        raise NotImplementedError


class _SqliteBulk(Bulk):
    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        columns = _columns(model, "sqlite")
        given = list(zip(*columns.converted(rows), strict=True))
        await self.driver.execute("SAVEPOINT bulk")
        if await self._insert(columns, given) < len(rows):
            # Some are there already. Which, nobody says afterwards: so step back and look before.
            await self.driver.execute("ROLLBACK TO bulk")
            known = await self._known(columns, given)
            key = _key_of(columns)
            fresh = [place for place, row in enumerate(given) if key(row) not in known]
            await self._insert(columns, [given[place] for place in fresh])
            rows = [rows[place] for place in fresh]
        await self.driver.execute("RELEASE bulk")
        return list(rows)

    async def _insert(self, columns: _Columns, given: Sequence[Row]) -> int:
        places = ", ".join("?" * len(columns.names))
        text = f"INSERT INTO {columns.table} VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
        cursor = await self.driver.executemany(text, given)
        inserted: int = cursor.rowcount
        await cursor.close()
        return inserted

    async def _known(self, columns: _Columns, given: Sequence[Row]) -> set[Row]:
        """The keys among these that are there."""
        key = _key_of(columns)
        known: set[Row] = set()
        for start in range(0, len(given), _IDS_OF_A_STATEMENT):
            keys = [key(row) for row in given[start : start + _IDS_OF_A_STATEMENT]]
            places = ", ".join([f"({', '.join('?' * len(columns.key))})"] * len(keys))
            text = (
                f"SELECT {columns.key_text} FROM {columns.table} "  # noqa: S608
                f"WHERE ({columns.key_text}) IN (VALUES {places})"
            )
            found = await self.driver.execute_fetchall(text, [part for key in keys for part in key])
            known.update(tuple(row) for row in found)
        return known

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        if not rows:
            return
        columns = _columns(model, "sqlite")
        places = ", ".join("?" * len(columns.names))
        text = (
            f"INSERT INTO {columns.table} AS t VALUES ({places}) "  # noqa: S608
            f"ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}"
        )
        cursor = await self.driver.executemany(text, zip(*columns.converted(rows), strict=True))
        await cursor.close()


def _key_of(columns: _Columns) -> Callable[[Row], Row]:
    places = [columns.names.index(name) for name in columns.key]
    return lambda row: tuple(row[place] for place in places)


class _PostgresBulk(Bulk):
    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row]:
        if not rows:
            return []
        columns = _columns(model, "postgresql")
        text = (
            f"INSERT INTO {columns.table} ({columns.names_text}) {_unnested(columns)} "
            f"ON CONFLICT DO NOTHING RETURNING {columns.key_text}"
        )
        inserted = await self.driver.fetch(text, *columns.converted(rows))
        if len(inserted) == len(rows):
            return list(rows)
        fresh = {tuple(row) for row in inserted}
        key = _key_of(columns)
        return [row for row in rows if key(row) in fresh]

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        if not rows:
            return
        columns = _columns(model, "postgresql")
        text = (
            f"INSERT INTO {columns.table} AS t ({columns.names_text}) {_unnested(columns)} "
            f"ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}"
        )
        await self.driver.execute(text, *columns.converted(rows))


def _unnested(columns: _Columns) -> str:
    arrays = ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(columns.types, 1))
    return f"SELECT * FROM unnest({arrays})"  # noqa: S608


async def bulk(session: AsyncSession) -> Bulk:
    """Over the connection of a session whose transaction has begun."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    is_sqlite = connection.dialect.name == "sqlite"
    return (_SqliteBulk if is_sqlite else _PostgresBulk)(raw.driver_connection)
