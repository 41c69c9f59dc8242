"""Many rows at once in PostgreSQL.

A statement about rows of tenants names the tenants, beside the arrays with the keys: by it a cluster knows
where to look.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlmodel import SQLModel

from database.bulk.columns import Columns, KeyColumn, Row, is_keyed, prefixed
from database.bulk.writer import Bulk, Observe
from database.cluster import Cluster
from database.statement import Statement

R = TypeVar("R")


class PostgresBulk(Bulk):
    dialect_name = "postgresql"

    def __init__(self, driver: Any, observe: Observe, cluster: Cluster) -> None:
        super().__init__(observe)
        self._driver = driver
        self._cluster = cluster

    async def _fetch(self, text: str, *values: Any) -> list[Any]:
        self._observe(text)
        fetched: list[Any] = await self._driver.fetch(text, *values)
        return fetched

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        compiled = statement.compiled("postgresql")
        fetched = await self._fetch(compiled.text, *statement.arguments(compiled, parameters))
        return statement.rows(compiled, fetched)

    async def lock(self, name: str, tenant_ids: Sequence[int], *, alone: bool) -> None:
        """In the order of the tenants, so that writers never wait in a circle."""
        taken = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        text = f"SELECT {taken}(hashtextextended($1, id)) FROM unnest($2::BIGINT[]) AS given (id)"  # noqa: S608
        await self._fetch(text, name, sorted(tenant_ids))

    async def delete(self, statement: Statement[Any], /, **parameters: Any) -> int:
        compiled = statement.compiled("postgresql")
        self._observe(compiled.text)
        told: str = await self._driver.execute(compiled.text, *statement.arguments(compiled, parameters))
        _, _, rows = told.partition(" ")
        return int(rows)

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
        text = (
            f"SELECT {prefixed('t', columns.key_names)} FROM {_joined(columns.table, columns.keys)} "  # noqa: S608
            f"AND t.tenant_id = ANY (${len(columns.key) + 1}::BIGINT[])"
        )
        tenants = sorted({tenant_id for tenant_id, *_ in keys})
        return set(columns.read_keys(await self._fetch(text, *columns.bound_keys(keys), tenants)))

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        if not rows:
            return []
        columns = self._columns_of(model)
        inserted = await self._inserted(columns, columns.bound(rows))
        if len(inserted) == len(rows):
            return [True] * len(rows)
        new = set(columns.read_keys(inserted))
        return [columns.key_of(row) in new for row in rows]

    async def insert_columns(
        self, model: type[SQLModel], columns: Sequence[Sequence[Any]], _order: Sequence[int] | None = None, /
    ) -> list[bool]:
        of_table, count = self._columns_of(model), len(columns[0])
        if not count:
            return []
        inserted = await self._inserted(of_table, of_table.bound_columns(columns))
        if len(inserted) == count:
            return [True] * count
        new = set(of_table.read_keys(inserted))
        return [key in new for key in zip(*(columns[place] for place in of_table.key), strict=True)]

    async def _inserted(self, columns: Columns, values: Sequence[Sequence[Any]]) -> list[Any]:
        """The keys of those that are new."""
        source, given = _given(columns, values)
        return await self._fetch(
            f"INSERT INTO {columns.table} ({columns.names_text}) {source} "
            f"ON CONFLICT DO NOTHING RETURNING {columns.key_text}",
            *given,
        )

    async def claim(
        self,
        model: type[SQLModel],
        rows: Sequence[Row],
        *,
        follows: bool = False,  # noqa: ARG002
    ) -> list[Row | None]:
        """Inserts first, then locks the others, both in the same order, so that writers never wait in a
        circle.
        """
        columns = self._columns_of(model)
        are_new = await self.insert_new(model, rows)
        keys = [columns.key_of(row) for row, is_new in zip(rows, are_new, strict=True) if not is_new]
        known = {columns.key_of(row): row for row in await self._locked(columns, keys)}
        return [known.get(columns.key_of(row)) for row in rows]

    async def _locked(self, columns: Columns, keys: Sequence[Row]) -> list[Row]:
        sorted_keys = sorted(keys, key=_TENANT)
        of_tenants = {tenant_id: list(own) for tenant_id, own in groupby(sorted_keys, _TENANT)}
        if len(of_tenants) > 1 and not self._cluster.is_there:
            return await self._locked_together(columns, keys)
        locked: list[Row] = []
        for tenant_id, of_tenant in of_tenants.items():
            locked += await self._locked_of_tenant(columns, tenant_id, of_tenant)
        return locked

    async def _locked_of_tenant(self, columns: Columns, tenant_id: int, keys: Sequence[Row]) -> Sequence[Row]:
        """A cluster locks rows of one tenant only, which are in one place."""
        first, *others = columns.keys
        _, *values = columns.bound_keys(keys)
        source = f"{_joined(columns.table, others, 2)} AND t.{first.name} = $1"
        return columns.read(await self._fetch(_locking(columns, source), tenant_id, *values))

    async def _locked_together(self, columns: Columns, keys: Sequence[Row]) -> list[Row]:
        """For many tenants, this takes less time."""
        text = _locking(columns, _joined(columns.table, columns.keys))
        return columns.read(await self._fetch(text, *columns.bound_keys(keys)))

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        if not rows:
            return
        columns = self._columns_of(model)
        await self._upsert(columns, columns.bound(rows), change)

    async def upsert_columns(
        self, model: type[SQLModel], columns: Sequence[Sequence[Any]], change: str
    ) -> None:
        if len(columns[0]):
            of_table = self._columns_of(model)
            await self._upsert(of_table, of_table.bound_columns(columns), change)

    async def _upsert(self, columns: Columns, values: Sequence[Sequence[Any]], change: str) -> None:
        source, given = _given(columns, values)
        text = (
            f"INSERT INTO {columns.table} AS t ({columns.names_text}) {source} "
            f"ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}"
        )
        await self._fetch(text, *given)


_TENANT: Final = itemgetter(0)


def _joined(table: str, keys: Sequence[KeyColumn], first: int = 1) -> str:
    """A join of the keys, which are given as arrays from the parameter `first` on, and the rows that have
    these keys.
    """
    names = [key.name for key in keys]
    given = f"unnest({_arrays([key.type for key in keys], first)}) AS k ({', '.join(names)})"
    return f"{given} JOIN {table} AS t ON {is_keyed(names)}"


def _locking(columns: Columns, source: str) -> str:
    return (
        f"SELECT {prefixed('t', columns.names)} FROM {source} "  # noqa: S608
        f"ORDER BY {prefixed('t', columns.key_names)} FOR UPDATE OF t"
    )


def _given(columns: Columns, values: Sequence[Sequence[Any]]) -> tuple[str, Sequence[Any]]:
    """Rows as a source of an INSERT, and its values. A cluster sends one row straight to its node."""
    if len(values[0]) > 1:
        return _unnested(columns.types), values
    row = ", ".join(f"${place}::{type_}" for place, type_ in enumerate(columns.types, 1))
    return f"VALUES ({row})", [value for (value,) in values]


def _unnested(types: Sequence[str]) -> str:
    return f"SELECT * FROM unnest({_arrays(types)})"  # noqa: S608


def _arrays(types: Sequence[str], first: int = 1) -> str:
    return ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(types, first))
