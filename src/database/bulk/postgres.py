"""Many rows at once in PostgreSQL."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlmodel import SQLModel

from database.bulk.columns import Columns, Row, prefixed
from database.bulk.writer import Bulk, Observe
from database.statement import Statement

R = TypeVar("R")


class PostgresBulk(Bulk):
    dialect_name = "postgresql"

    def __init__(self, driver: Any, observe: Observe) -> None:
        super().__init__(observe)
        self._driver = driver

    async def _fetch(self, text: str, *values: Any) -> list[Any]:
        self._observe(text)
        fetched: list[Any] = await self._driver.fetch(text, *values)
        return fetched

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        compiled = statement.compiled("postgresql")
        fetched = await self._fetch(compiled.text, *statement.arguments(compiled, parameters))
        return statement.rows(compiled, fetched)

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        columns = self._columns_of(model)
        await self._fetch(
            f"INSERT INTO {columns.table} ({name}) "
            f"{_unnested([columns.types[columns.names.index(name)]])} "
            f"ON CONFLICT ({name}) DO UPDATE SET {change}",
            values,
        )

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        if not keys:
            return set()
        columns = self._columns_of(model)
        text = f"SELECT {prefixed('t', columns.key_names)} FROM {_joined(columns)}"  # noqa: S608
        return set(columns.read_keys(await self._fetch(text, *columns.bound_keys(keys))))

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        if not rows:
            return []
        columns = self._columns_of(model)
        text = (
            f"INSERT INTO {columns.table} ({columns.names_text}) {_unnested(columns.types)} "
            f"ON CONFLICT DO NOTHING RETURNING {columns.key_text}"
        )
        inserted = await self._fetch(text, *columns.bound(rows))
        if len(inserted) == len(rows):
            return [True] * len(rows)
        new = set(columns.read_keys(inserted))
        return [columns.key_of(row) in new for row in rows]

    async def claim(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row | None]:
        """Inserts first, then locks the others, both in the same order, so that writers never wait in a
        circle.
        """
        columns = self._columns_of(model)
        are_new = await self.insert_new(model, rows)
        keys = [columns.key_of(row) for row, is_new in zip(rows, are_new, strict=True) if not is_new]
        known = {columns.key_of(row): row for row in await self._locked(columns, keys)}
        return [known.get(columns.key_of(row)) for row in rows]

    async def _locked(self, columns: Columns, keys: Sequence[Row]) -> list[Row]:
        if not keys:
            return []
        text = (
            f"SELECT {prefixed('t', columns.names)} FROM {_joined(columns)} "  # noqa: S608
            f"ORDER BY {prefixed('t', columns.key_names)} FOR UPDATE OF t"
        )
        return columns.read(await self._fetch(text, *columns.bound_keys(keys)))

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        if not rows:
            return
        columns = self._columns_of(model)
        text = (
            f"INSERT INTO {columns.table} AS t ({columns.names_text}) {_unnested(columns.types)} "
            f"ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}"
        )
        await self._fetch(text, *columns.bound(rows))


def _joined(columns: Columns) -> str:
    """A join of the keys, which are given as arrays, and the rows that have these keys."""
    keys = f"unnest({_arrays(columns.key_types)}) AS k ({columns.key_text})"
    return f"{keys} JOIN {columns.table} AS t ON {columns.is_keyed}"


def _unnested(types: Sequence[str]) -> str:
    return f"SELECT * FROM unnest({_arrays(types)})"  # noqa: S608


def _arrays(types: Sequence[str]) -> str:
    return ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(types, 1))
