"""Many rows at once in SQLite, by calls from another thread than the connection's."""

import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from time import perf_counter
from typing import Any, TypeVar

from sqlmodel import SQLModel

from base.coroutines import finished
from database.bulk.columns import Row
from database.bulk.sqlite import SqliteBulk
from database.bulk.writer import Bulk, Observe
from database.statement import Statement

R = TypeVar("R")
T = TypeVar("T")

_NORMAL = 1
"""SQLite's number for `synchronous=NORMAL`: a commit does not wait for the disk."""


class SqliteCalls(Bulk):
    """Each call is run in the connection's thread, and waits for it."""

    dialect_name = "sqlite"

    def __init__(self, driver: Any, observe: Observe) -> None:
        super().__init__(observe)
        self._driver = driver

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        return await self._in_thread(lambda bulk: bulk.fetch(statement, **parameters))

    async def delete(self, statement: Statement[Any], /, **parameters: Any) -> int:
        return await self._in_thread(lambda bulk: bulk.delete(statement, **parameters))

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        await self._in_thread(lambda bulk: bulk.add_missing(model, name, values, change=change))

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        return await self._in_thread(lambda bulk: bulk.known(model, keys))

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        return await self._in_thread(lambda bulk: bulk.insert_new(model, rows))

    async def claim(
        self, model: type[SQLModel], rows: Sequence[Row], *, follows: bool = False
    ) -> list[Row | None]:
        return await self._in_thread(lambda bulk: bulk.claim(model, rows, follows=follows))

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        await self._in_thread(lambda bulk: bulk.upsert(model, rows, change))

    async def insert_columns(self, model: type[SQLModel], columns: Sequence[Sequence[Any]]) -> list[bool]:
        return await self._in_thread(lambda bulk: bulk.insert_columns(model, columns))

    async def upsert_columns(
        self, model: type[SQLModel], columns: Sequence[Sequence[Any]], change: str
    ) -> None:
        await self._in_thread(lambda bulk: bulk.upsert_columns(model, columns, change))

    async def _in_thread(self, work: Callable[[Bulk], Coroutine[Any, Any, T]]) -> T:
        return await in_thread(
            self._driver, self._observe, lambda bulk: work(bulk.packed if self._are_packed else bulk)
        )


async def in_thread(
    driver: Any, observe: Observe, work: Callable[[Bulk], Coroutine[Any, Any, T]], *, commits: bool = False
) -> T:
    """Runs all of the work in the connection's thread. `commits`: in a transaction of its own."""

    def done() -> T:
        with _transaction(driver._conn) if commits else nullcontext():
            return finished(work(SqliteBulk(driver._conn, observe)))

    # The driver's own methods use this one; none of them takes a function. The context goes to the thread
    # too, so that the statements count for this request.
    result: T = await driver._execute(copy_context().run, done)
    return result


async def in_background(
    driver: Any, observe: Observe, work: Callable[[Bulk], Coroutine[Any, Any, T]]
) -> tuple[T, float]:
    """The same, in a transaction of its own that is durable together with the next one that waits for the
    disk. Nothing of the log is moved to the database's file meanwhile. Returns also for how many seconds
    others could not write.
    """

    def done() -> tuple[T, float]:
        with _set(driver._conn, synchronous=_NORMAL, wal_autocheckpoint=0):
            with _transaction(driver._conn):
                began = perf_counter()
                result = finished(work(SqliteBulk(driver._conn, observe)))
            return result, perf_counter() - began

    result: tuple[T, float] = await driver._execute(copy_context().run, done)
    return result


@contextmanager
def _set(connection: sqlite3.Connection, **pragmas: int) -> Iterator[None]:
    """Pragmas of the connection have other values in this block."""
    before = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas}
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")
    try:
        yield
    finally:
        for name, value in before.items():
            connection.execute(f"PRAGMA {name} = {value}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Some errors have already ended the transaction.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
