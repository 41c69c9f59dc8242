"""Many rows at once, written by the driver itself inside a session's transaction.

SQLAlchemy's insert lists take several times as long as the insert: here its part ends with the
table's columns and their types. A statement takes rows by the hundred: on PostgreSQL each column as
one array, on SQLite as a list of values. There the driver could also repeat a statement row by row,
but a thread has to wait for its turn, up to 5 ms while others are busy, after each single one.
"""

import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel

from database.inserts import table_of
from database.statement import DIALECTS, Statement

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]
Observe = Callable[[str], None]
"""Is told the text of each statement."""
R = TypeVar("R")
T = TypeVar("T")

_ROWS_OF_A_STATEMENT = 256
"""On SQLite; a power of two."""


class _Columns(NamedTuple):
    """A table as one of the drivers sees it."""

    table: str
    names: tuple[str, ...]
    key: tuple[int, ...]
    """The places of the primary key's columns."""
    types: tuple[str, ...]
    binds: tuple[Convert | None, ...]
    results: tuple[Convert | None, ...]

    def bound(self, rows: Sequence[Row]) -> list[Sequence[Any]]:
        """Column by column, as the driver takes them."""
        return _converted(self.binds, rows)

    def bound_keys(self, keys: Sequence[Row]) -> list[Sequence[Any]]:
        return _converted([self.binds[place] for place in self.key], keys)

    def key_of(self, row: Row) -> Row:
        return tuple([row[place] for place in self.key])

    def read(self, rows: Sequence[Sequence[Any]]) -> list[Row]:
        return list(zip(*_converted(self.results, rows), strict=True))

    @property
    def key_names(self) -> list[str]:
        return [self.names[place] for place in self.key]

    @property
    def key_text(self) -> str:
        return ", ".join(self.key_names)

    @property
    def names_text(self) -> str:
        return ", ".join(self.names)


def _converted(converts: Sequence[Convert | None], rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    return [
        [None if value is None else convert(value) for value in column] if convert else column
        for convert, column in zip(converts, zip(*rows, strict=True), strict=bool(rows))
    ]


@lru_cache(maxsize=64)
def _columns(model: type[SQLModel], dialect_name: str) -> _Columns:
    table: Table = table_of(model)
    dialect = DIALECTS[dialect_name]
    types = [column.type.dialect_impl(dialect) for column in table.columns]
    names = [column.name for column in table.columns]
    return _Columns(
        table.name,
        tuple(names),
        tuple(names.index(column.name) for column in table.primary_key.columns),
        tuple(column.type.compile(dialect) for column in table.columns),
        tuple(type_.bind_processor(dialect) for type_ in types),
        tuple(type_.result_processor(dialect, None) for type_ in types),
    )


class Bulk:
    """Statements within one transaction. Rows are tuples in the order of the table's columns."""

    def __init__(self, observe: Observe) -> None:
        self._observe = observe

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        raise NotImplementedError

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        """A row for each value of the unique column `name` that has none; other columns make themselves.

        `change` says what becomes of a row that is there.
        """
        raise NotImplementedError

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        """Those of the keys that have a row. They are in the order of the key's columns."""
        raise NotImplementedError

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        """Whether each row's key was not there; where it was, nothing changes. No key twice among them."""
        raise NotImplementedError

    async def claim(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row | None]:
        """Inserts those whose key is not there; for each of the others, what stands in its place.

        Nobody else changes that until the transaction ends. No key twice among them.
        """
        raise NotImplementedError

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        """`change` says what becomes of a row that is there, as SQL: `count = t.count + excluded.count`."""
        raise NotImplementedError


class _SqliteBulk(Bulk):
    """In the thread of its connection, and therefore without ever waiting."""

    def __init__(self, connection: sqlite3.Connection, observe: Observe) -> None:
        super().__init__(observe)
        self._connection = connection

    def _execute(self, text: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        self._observe(text)
        return self._connection.execute(text, values)

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        compiled = statement.compiled("sqlite")
        cursor = self._execute(compiled.text, statement.arguments(compiled, parameters))
        return statement.rows(compiled, cursor.fetchall())

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        start = f"INSERT INTO {_columns(model, 'sqlite').table} ({name}) VALUES "  # noqa: S608
        self._repeat(start, [(value,) for value in values], f" ON CONFLICT ({name}) DO UPDATE SET {change}")

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        if not keys:
            return set()
        columns = _columns(model, "sqlite")
        given = dict(zip(zip(*columns.bound_keys(keys), strict=True), keys, strict=True))
        keyed = " AND ".join(f"t.{name} = k.{name}" for name in columns.key_names)
        names = ", ".join(f"k.{name}" for name in columns.key_names)
        start = f"WITH k ({columns.key_text}) AS (VALUES "
        end = f") SELECT {names} FROM k CROSS JOIN {columns.table} AS t ON {keyed}"  # noqa: S608
        return {
            given[row]
            for run in _runs(list(given))
            for row in self._execute(_repeated(start, run, end), _flat(run))
        }

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        if not rows:
            return []
        columns = _columns(model, "sqlite")
        start, end = f"INSERT INTO {columns.table} VALUES ", " ON CONFLICT DO NOTHING"  # noqa: S608
        given = list(zip(*columns.bound(rows), strict=True))
        self._execute("SAVEPOINT bulk")
        are_new = [True] * len(rows)
        if self._repeat(start, given, end) < len(rows):
            # Some are there already. Which, nobody says afterwards: so step back and look before.
            self._execute("ROLLBACK TO bulk")
            keys = [columns.key_of(row) for row in given]
            known = {columns.key_of(row) for row in self._find(columns, keys)}
            are_new = [key not in known for key in keys]
            self._repeat(start, [row for row, is_new in zip(given, are_new, strict=True) if is_new], end)
        self._execute("RELEASE bulk")
        return are_new

    async def claim(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row | None]:
        """Nobody else writes meanwhile: so look first, and insert what is missing."""
        columns = _columns(model, "sqlite")
        keys = [columns.key_of(row) for row in zip(*columns.bound(rows), strict=True)]
        found = self._find(columns, keys)
        known = dict(zip(map(columns.key_of, found), columns.read(found), strict=True))
        await self.insert_new(model, [row for row, key in zip(rows, keys, strict=True) if key not in known])
        return [known.get(key) for key in keys]

    def _find(self, columns: _Columns, keys: Sequence[Row]) -> list[Row]:
        """A join: SQLite goes through the whole table when several columns are IN a list of values."""
        keyed = " AND ".join(f"t.{name} = k.{name}" for name in columns.key_names)
        names = ", ".join(f"t.{name}" for name in columns.names)
        start = f"WITH k ({columns.key_text}) AS (VALUES "
        end = f") SELECT {names} FROM k CROSS JOIN {columns.table} AS t ON {keyed}"  # noqa: S608
        return [row for run in _runs(keys) for row in self._execute(_repeated(start, run, end), _flat(run))]

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        columns = _columns(model, "sqlite")
        self._repeat(
            f"INSERT INTO {columns.table} AS t VALUES ",  # noqa: S608
            list(zip(*columns.bound(rows), strict=True)),
            f" ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}",
        )

    def _repeat(self, start: str, rows: Sequence[Row], end: str) -> int:
        """How many rows it changed."""
        return sum(self._execute(_repeated(start, run, end), _flat(run)).rowcount for run in _runs(rows))


def _runs(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """In powers of two, the largest first: few statements, and always the same ones, which stay prepared."""
    start, size = 0, _ROWS_OF_A_STATEMENT
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


def _repeated(start: str, run: Sequence[Row], end: str) -> str:
    return _values(start, len(run), len(run[0]), end)


@lru_cache(maxsize=256)
def _values(start: str, rows: int, columns: int, end: str) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"{start}{', '.join([row] * rows)}{end}"


def _flat(rows: Sequence[Row]) -> list[Any]:
    return list(chain.from_iterable(rows))


class _SqliteCalls(Bulk):
    """Each call goes to the connection's thread and comes back."""

    def __init__(self, driver: Any, observe: Observe) -> None:
        super().__init__(observe)
        self._driver = driver

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        return await _there(self._driver, self._observe, lambda bulk: bulk.fetch(statement, **parameters))

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        await _there(
            self._driver, self._observe, lambda bulk: bulk.add_missing(model, name, values, change=change)
        )

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        return await _there(self._driver, self._observe, lambda bulk: bulk.known(model, keys))

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        return await _there(self._driver, self._observe, lambda bulk: bulk.insert_new(model, rows))

    async def claim(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row | None]:
        return await _there(self._driver, self._observe, lambda bulk: bulk.claim(model, rows))

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        await _there(self._driver, self._observe, lambda bulk: bulk.upsert(model, rows, change))


class _PostgresBulk(Bulk):
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
        columns = _columns(model, "postgresql")
        await self._fetch(
            f"INSERT INTO {columns.table} ({name}) "
            f"{_unnested([columns.types[columns.names.index(name)]])} "
            f"ON CONFLICT ({name}) DO UPDATE SET {change}",
            values,
        )

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        if not keys:
            return set()
        columns = _columns(model, "postgresql")
        names = ", ".join(f"t.{name}" for name in columns.key_names)
        keyed = " AND ".join(f"t.{name} = k.{name}" for name in columns.key_names)
        given = _arrays([columns.types[place] for place in columns.key])
        text = (
            f"SELECT {names} FROM unnest({given}) AS k ({columns.key_text}) "  # noqa: S608
            f"JOIN {columns.table} AS t ON {keyed}"
        )
        return {tuple(row) for row in await self._fetch(text, *columns.bound_keys(keys))}

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        if not rows:
            return []
        columns = _columns(model, "postgresql")
        text = (
            f"INSERT INTO {columns.table} ({columns.names_text}) {_unnested(columns.types)} "
            f"ON CONFLICT DO NOTHING RETURNING {columns.key_text}"
        )
        inserted = await self._fetch(text, *columns.bound(rows))
        if len(inserted) == len(rows):
            return [True] * len(rows)
        new = {tuple(key) for key in inserted}
        return [columns.key_of(row) in new for row in rows]

    async def claim(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row | None]:
        """Insert first, then lock the others, both in order: so writers never wait in a circle."""
        columns = _columns(model, "postgresql")
        are_new = await self.insert_new(model, rows)
        keys = [columns.key_of(row) for row, is_new in zip(rows, are_new, strict=True) if not is_new]
        known = {columns.key_of(row): row for row in await self._locked(columns, keys)}
        return [known.get(columns.key_of(row)) for row in rows]

    async def _locked(self, columns: _Columns, keys: Sequence[Row]) -> list[Row]:
        if not keys:
            return []
        names = ", ".join(f"t.{name}" for name in columns.names)
        keyed = " AND ".join(f"t.{name} = k.{name}" for name in columns.key_names)
        order = ", ".join(f"t.{name}" for name in columns.key_names)
        given = _arrays([columns.types[place] for place in columns.key])
        text = (
            f"SELECT {names} FROM {columns.table} AS t "  # noqa: S608
            f"JOIN unnest({given}) AS k ({columns.key_text}) ON {keyed} ORDER BY {order} FOR UPDATE OF t"
        )
        return columns.read(await self._fetch(text, *columns.bound_keys(keys)))

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        if not rows:
            return
        columns = _columns(model, "postgresql")
        text = (
            f"INSERT INTO {columns.table} AS t ({columns.names_text}) {_unnested(columns.types)} "
            f"ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}"
        )
        await self._fetch(text, *columns.bound(rows))


def _unnested(types: Sequence[str]) -> str:
    return f"SELECT * FROM unnest({_arrays(types)})"  # noqa: S608


def _arrays(types: Sequence[str]) -> str:
    return ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(types, 1))


Work: TypeAlias = Callable[[Bulk], Coroutine[Any, Any, T]]


async def bulk(session: AsyncSession) -> Bulk:
    """Over the connection of a session."""
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        return _SqliteCalls(await _driver(connection), _observe_of(session))
    return await _postgres_bulk(connection, _observe_of(session))


async def in_bulk(session: AsyncSession, work: Work[T]) -> T:
    """`work` waits for nothing but its bulk: SQLite does all of it in the connection's thread.

    The way there and back takes as long as a statement, and so the event loop stays free.
    """
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        return await _there(await _driver(connection), _observe_of(session), work)
    return await work(await _postgres_bulk(connection, _observe_of(session)))


async def committed(dialect_name: str, driver: Any, observe: Observe, work: Work[T]) -> T:
    """In a transaction of its own, on a connection that is in none."""
    if dialect_name == "sqlite":
        result = await _there(driver, observe, work, commits=True)
    else:
        transaction = driver.transaction()
        await transaction.start()
        # Where this raises, the connection is given up: a server that is silent would not roll back, either.
        result = await work(_PostgresBulk(driver, observe))
        await transaction.commit()
    observe("COMMIT")
    return result


async def _there(driver: Any, observe: Observe, work: Work[T], *, commits: bool = False) -> T:
    def done() -> T:
        with _transaction(driver._conn) if commits else nullcontext():
            return _finished(work(_SqliteBulk(driver._conn, observe)))

    # The driver's own methods are made of this one; none of them takes a function. The thread takes
    # the context along, so that the statements are known to be this request's.
    result: T = await driver._execute(copy_context().run, done)
    return result


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Some errors have ended it already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _finished(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("work in bulk waited for something else")


async def _postgres_bulk(connection: AsyncConnection, observe: Observe) -> Bulk:
    driver = await _driver(connection)
    if not driver.is_in_transaction():
        # SQLAlchemy begins with its first statement, and has had none yet.
        await connection.exec_driver_sql("SELECT 1")
    return _PostgresBulk(driver, observe)


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


def _observe_of(session: AsyncSession) -> Observe:
    observe: Observe = session.info["observe"]
    return observe
