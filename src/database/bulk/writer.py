"""The statements for many rows at once, the same on both engines."""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from sqlmodel import SQLModel

from database.bulk.columns import Columns, Row, columns_of
from database.statement import Statement

Observe = Callable[[str], None]
"""Is called with the text of each statement."""
R = TypeVar("R")


class Upsert(NamedTuple):
    model: type[SQLModel]
    rows: Sequence[Row]
    change: str
    """The SQL for rows that exist: `count = t.count + excluded.count`."""


class Bulk:
    """Statements within one transaction. Rows are tuples in the order of the table's columns."""

    dialect_name: ClassVar[str]

    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._are_packed = False

    @cached_property
    def packed(self) -> Self:
        """The same for rows and keys of packed values, in both directions: see `base.packed`.
        `fetch` stays as it is.
        """
        other = copy(self)
        other._are_packed = True
        return other

    def _columns_of(self, model: type[SQLModel]) -> Columns:
        return columns_of(model, self.dialect_name, are_packed=self._are_packed)

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        raise NotImplementedError

    async def lock(self, name: str, tenant_ids: Sequence[int], *, alone: bool) -> None:
        """Locks something of these tenants until the transaction ends, by a name that is not one of a row.
        Many may have it at once, or one `alone`. It should be the last lock: others may wait here with all
        their rows. On SQLite, nobody else writes in any case.
        """

    async def delete(self, statement: Statement[Any], /, **parameters: Any) -> int:
        """Runs a delete. Returns how many rows it deleted."""
        raise NotImplementedError

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        """Adds a row for each value of the unique column `name`. A row that exists gets `change`."""
        raise NotImplementedError

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        """The keys that have a row. A key has its values in the order of the key's columns."""
        raise NotImplementedError

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        """Inserts the rows whose key is new, and says which these are. No two rows may have the same key."""
        raise NotImplementedError

    async def claim(
        self, model: type[SQLModel], rows: Sequence[Row], *, follows: bool = False
    ) -> list[Row | None]:
        """Inserts the rows whose key is new, and returns None for them. Locks and returns the stored rows of
        the other keys. No two rows may have the same key.

        `follows`: an upsert of the new rows follows. Then they need not be there before, if nobody else
        writes meanwhile.
        """
        raise NotImplementedError

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        """Inserts the rows. `change` is the SQL for rows that exist: `count = t.count + excluded.count`."""
        raise NotImplementedError

    async def upsert_each(self, upserts: Sequence[Upsert]) -> None:
        """Upserts rows of several tables, in this order of the tables."""
        for model, rows, change in upserts:
            if rows:
                await self.upsert(model, rows, change)

    async def insert_columns(self, model: type[SQLModel], columns: Sequence[Sequence[Any]]) -> list[bool]:
        """The same as `insert_new`, for rows in the order of their keys. They are given column by column:
        for many rows, it takes less to put their values in a row.
        """
        raise NotImplementedError

    async def upsert_columns(
        self, model: type[SQLModel], columns: Sequence[Sequence[Any]], change: str
    ) -> None:
        """The same as `upsert`, for rows that are given column by column."""
        raise NotImplementedError
