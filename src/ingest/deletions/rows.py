"""Deletes rows of a table, some at a time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnElement, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database import Database, Statement, delete_rows, table_of
from ingest.deletions.lease import Lease
from ingest.deletions.pace import Pace
from ingest.tenants import wait_to_share
from ingest.topics import Topics, touched


class Rows:
    """What a deletion takes away, in transactions of a few milliseconds each."""

    def __init__(self, database: Database, topics: Topics, lease: Lease, pace: Pace) -> None:
        self.database = database
        self.topics = topics
        self.lease = lease
        self.pace = pace

    async def delete(
        self, model: type[SQLModel], *conditions: Any, order: Sequence[Any] = (), **given: Any
    ) -> None:
        """Deletes the rows in an order that an index has; without one, in that of their keys, whose tenant is
        given. Rows before those that are gone are not read again: PostgreSQL would read past what is left of
        each.

        `given`: the parameters of the conditions.
        """
        key = list(table_of(model).primary_key.columns)
        order = order or [column for column in key if column.name != "tenant_id"]
        after: tuple[Any, ...] | None = None
        while rows := await self._some(order, key, conditions, after, given):
            keys = [row[len(order) :] for row in rows]
            async with self.pace.turn(), self.database.writing(is_change=False) as session:
                await session.connection()
                await _share_tenants(session, model, keys)
                with self.pace.measured():
                    await delete_rows(session, model, keys)
            await self.lease.count(len(rows))
            after = rows[-1][: len(order)]

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[AsyncSession]:
        """A unit of work on which answers depend. It wakes those who watch what it touches."""
        async with self.pace.turn():
            async with self.database.writing() as session:
                yield session
            self.topics.announce(touched(session))

    async def _some(
        self,
        order: Sequence[Any],
        key: Sequence[Any],
        conditions: Sequence[Any],
        after: tuple[Any, ...] | None,
        given: dict[str, Any],
    ) -> list[tuple[Any, ...]]:
        statement = select(*(column.label(f"order_{column.name}") for column in order), *key)
        if after is not None:
            statement = statement.where(_later(order, after))
        limited = statement.where(*conditions).order_by(*order).limit(self.pace.size)
        return await self.database.fetch(Statement(limited, lambda *values: values), **given)


async def _share_tenants(
    session: AsyncSession, model: type[SQLModel], keys: Sequence[tuple[Any, ...]]
) -> None:
    """Whoever has locked a tenant alone reads and changes its rows, and nobody else does meanwhile."""
    names = [column.name for column in table_of(model).primary_key.columns]
    if "tenant_id" in names:
        place = names.index("tenant_id")
        for tenant_id in sorted({key[place] for key in keys}):
            await wait_to_share(session, tenant_id)


def _later(order: Sequence[Any], after: tuple[Any, ...]) -> ColumnElement[bool]:
    if len(order) == 1:
        first: ColumnElement[bool] = order[0] > after[0]
        return first
    values = (literal(value, column.type) for column, value in zip(order, after, strict=True))
    return tuple_(*order) > tuple_(*values)
