"""Many rows at once in PostgreSQL.

A statement about rows of tenants names the tenants, beside the arrays with the keys: by it a cluster knows
where to look.
"""

from collections.abc import Sequence
from itertools import chain, compress, groupby
from operator import itemgetter
from typing import Any, Final, TypeVar

from asyncpg import UniqueViolationError
from sqlmodel import SQLModel

from base.ids import are_of_one_month
from database.bulk.columns import Columns, Row, by_column
from database.bulk.postgres_rows import rows_to_copy
from database.bulk.postgres_texts import (
    adding,
    claiming,
    inserting,
    knowing,
    locking,
    locking_of_tenant,
    seeking,
    seeks_one_by_one,
    upserting,
    upserting_each,
)
from database.bulk.writer import Bulk, Observe, Upsert
from database.cluster import Cluster
from database.statement import Statement

R = TypeVar("R")

_MANY: Final = 128
"""So many rows, or more, are copied, or claimed by two statements: more messages to the server take less than
is saved.
"""
_FEW_TENANTS: Final = 5
"""Rows of so few tenants are locked tenant by tenant. In a table that was never analyzed, PostgreSQL might
seek rows of several tenants by an index of a part of the key, and read all rows of a day for each.
"""
_LOOKED_AT: Final = 16
"""For so many keys it is asked first whether they have a row."""


class Overtaken(Exception):
    """Others have inserted a row that was to be claimed. A new transaction finds it."""


class PostgresBulk(Bulk):
    dialect_name = "postgresql"

    def __init__(
        self, driver: Any, observe: Observe, cluster: Cluster, *, claims_at_once: bool = False
    ) -> None:
        """`claims_at_once`: whether the caller begins anew when `claim` raises Overtaken."""
        super().__init__(observe)
        self._driver = driver
        self._cluster = cluster
        self._claims_at_once = claims_at_once and not cluster.is_there

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
        await self._fetch(adding(columns, name, change), values)

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        if not keys:
            return set()
        columns = self._columns_of(model)
        tenants = sorted({tenant_id for tenant_id, *_ in keys})
        return set(columns.read_keys(await self._fetch(knowing(columns), *columns.bound_keys(keys), tenants)))

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        if not rows:
            return []
        columns = self._columns_of(model)
        inserted = await self._inserted(columns, columns.bound(rows))
        if len(inserted) == len(rows):
            return [True] * len(rows)
        new = set(columns.read_keys(inserted))
        return [columns.key_of(row) in new for row in rows]

    async def insert_columns(self, model: type[SQLModel], columns: Sequence[Sequence[Any]]) -> list[bool]:
        of_table, count = self._columns_of(model), len(columns[0])
        if not count:
            return []
        if await self._are_copied(of_table, columns):
            return [True] * count
        inserted = await self._inserted(of_table, of_table.bound_columns(columns))
        if len(inserted) == count:
            return [True] * count
        new = set(of_table.read_keys(inserted))
        return [key in new for key in zip(*(columns[place] for place in of_table.key), strict=True)]

    async def _are_copied(self, columns: Columns, given: Sequence[Sequence[Any]]) -> bool:
        """Copies rows if there are many, and all are new; otherwise it changes nothing. An INSERT that looks
        for each row takes twice as long. `given`: the values column by column.

        A copy writes one partition after another. Only in one, that is the order in which others lock.
        """
        if len(given[0]) < _MANY or self._cluster.is_there or not are_of_one_month(given[columns.key[-1]]):
            return False
        if await self._are_some_there(columns, given):
            return False
        return await self._copied(columns, given)

    async def _copied(self, columns: Columns, given: Sequence[Sequence[Any]]) -> bool:
        """Whether all of the rows were new. Otherwise it changes nothing."""
        self._observe(f"COPY {columns.table} ({columns.names_text}) FROM STDIN")
        await self._driver.execute("SAVEPOINT copied")
        try:
            await self._copy(columns, given)
        except UniqueViolationError:
            await self._driver.execute("ROLLBACK TO copied; RELEASE copied")
            return False
        await self._driver.execute("RELEASE copied")
        return True

    async def _copy(self, columns: Columns, given: Sequence[Sequence[Any]]) -> None:
        table, names = columns.table, columns.names
        if self._are_packed and (rows := rows_to_copy(columns.stored, given)):
            await self._driver.copy_to_table(table, source=rows, columns=names, format="binary")
            return
        records = zip(*columns.copied_columns(given), strict=True)
        await self._driver.copy_records_to_table(table, records=records, columns=names)

    async def _are_some_there(self, columns: Columns, given: Sequence[Sequence[Any]]) -> bool:
        """Looks for a few of the keys: what is sent or imported again is mostly there as a whole.

        It is no join: without statistics, PostgreSQL would read the whole table.
        """
        step = len(given[0]) // _LOOKED_AT
        some = columns.bound_columns([column[::step] for column in given])
        among = [f"{key.name} = ANY (${place}::{key.type}[])" for place, key in enumerate(columns.keys, 1)]
        text = f"SELECT 1 FROM {columns.table} WHERE {' AND '.join(among)} LIMIT 1"  # noqa: S608
        return bool(await self._fetch(text, *(some[place] for place in columns.key)))

    async def _inserted(self, columns: Columns, values: Sequence[Sequence[Any]]) -> list[Any]:
        """The keys of those that are new."""
        one = len(values[0]) == 1
        return await self._fetch(inserting(columns, one=one), *_given(values, one=one))

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
        if self._claims_at_once and 0 < len(rows) < _MANY:
            return await self._claimed_at_once(columns, rows)
        are_new = await self._claimed_new(columns, rows) or await self.insert_new(model, rows)
        keys = [columns.key_of(row) for row, is_new in zip(rows, are_new, strict=True) if not is_new]
        known = {columns.key_of(row): row for row in await self._locked(columns, keys)}
        return [known.get(columns.key_of(row)) for row in rows]

    async def _claimed_new(self, columns: Columns, rows: Sequence[Row]) -> list[bool]:
        """Copies the rows whose key nobody has, and says which these are. Nothing, if it copied none: if they
        are few, or others inserted one meanwhile.
        """
        if self._cluster.is_there or len(rows) < _MANY or not seeks_one_by_one(columns):
            return []
        given = by_column(rows)
        keys = [given[place] for place in columns.key]
        known = set(columns.read_keys(await self._fetch(seeking(columns), *columns.bound_key_columns(keys))))
        are_new = [key not in known for key in zip(*keys, strict=True)] if known else [True] * len(rows)
        missing = [list(compress(column, are_new)) for column in given]
        if not missing or len(missing[0]) < _MANY or not await self._copied(columns, missing):
            return []
        return are_new

    async def _claimed_at_once(self, columns: Columns, rows: Sequence[Row]) -> list[Row | None]:
        """Does both by one statement. It does not see rows that others have inserted since it began: to lock
        them after the others would be another order. Raises Overtaken if there are any.
        """
        found = await self._fetch(claiming(columns), *columns.bound(rows))
        if len(found) < len(rows):
            raise Overtaken
        known = columns.read([row for is_new, *row in found if not is_new])
        by_key = {columns.key_of(row): row for row in known}
        return [by_key.get(columns.key_of(row)) for row in rows]

    async def _locked(self, columns: Columns, keys: Sequence[Row]) -> list[Row]:
        are_few = len(set(map(_TENANT, keys))) <= _FEW_TENANTS and not seeks_one_by_one(columns)
        if not (are_few or self._cluster.is_there):
            return await self._locked_together(columns, keys)
        sorted_keys = sorted(keys, key=_TENANT)
        locked: list[Row] = []
        for tenant_id, of_tenant in groupby(sorted_keys, _TENANT):
            locked += await self._locked_of_tenant(columns, tenant_id, list(of_tenant))
        return locked

    async def _locked_of_tenant(self, columns: Columns, tenant_id: int, keys: Sequence[Row]) -> Sequence[Row]:
        """A cluster takes no other lock: the rows of a tenant are in one place."""
        _, *values = columns.bound_keys(keys)
        return columns.read(await self._fetch(locking_of_tenant(columns), tenant_id, *values))

    async def _locked_together(self, columns: Columns, keys: Sequence[Row]) -> list[Row]:
        """For many tenants, this takes less time."""
        if not keys:
            return []
        return columns.read(await self._fetch(locking(columns), *columns.bound_keys(keys)))

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

    async def upsert_each(self, upserts: Sequence[Upsert]) -> None:
        """By one statement, as long as it is not on a cluster, which would look for all rows in one place."""
        given = [upsert for upsert in upserts if upsert.rows]
        if len(given) < 2 or self._cluster.is_there:
            await super().upsert_each(given)
            return
        of_tables = [self._columns_of(upsert.model) for upsert in given]
        changes = tuple((columns, upsert.change) for columns, upsert in zip(of_tables, given, strict=True))
        bound = (columns.bound(upsert.rows) for columns, upsert in zip(of_tables, given, strict=True))
        await self._fetch(upserting_each(changes), *chain.from_iterable(bound))

    async def _upsert(self, columns: Columns, values: Sequence[Sequence[Any]], change: str) -> None:
        one = len(values[0]) == 1
        await self._fetch(upserting(columns, change, one=one), *_given(values, one=one))


_TENANT: Final = itemgetter(0)


def _given(values: Sequence[Sequence[Any]], *, one: bool) -> Sequence[Any]:
    return [value for (value,) in values] if one else values
