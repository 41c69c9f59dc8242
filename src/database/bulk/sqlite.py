"""Many rows at once in SQLite."""

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, compress
from typing import Any, TypeVar

from sqlmodel import SQLModel

from database.bulk.columns import Columns, Row, is_keyed, prefixed
from database.bulk.writer import Bulk, Observe
from database.statement import Statement

R = TypeVar("R")
S = TypeVar("S")

_ROWS_OF_A_STATEMENT = 256
"""A power of two."""
_EXACTLY = 32
"""So many rows, or fewer, are one statement: after each one the thread may have to wait for its turn."""
_MANY = 500
"""For so many rows, it is worth to look first whether one may be stored already."""
_STORED_FOR_EACH = 4
"""How many stored keys may be read for each row, at most. To read one takes 0.3 us."""


class SqliteBulk(Bulk):
    """Runs in the thread of its connection, and therefore never waits."""

    dialect_name = "sqlite"

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

    async def delete(self, statement: Statement[Any], /, **parameters: Any) -> int:
        compiled = statement.compiled("sqlite")
        return self._execute(compiled.text, statement.arguments(compiled, parameters)).rowcount

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        start = f"INSERT INTO {self._columns_of(model).table} ({name}) VALUES "  # noqa: S608
        self._repeat(start, [(value,) for value in values], f" ON CONFLICT ({name}) DO UPDATE SET {change}")

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        if not keys:
            return set()
        columns = self._columns_of(model)
        names = prefixed("k", columns.key_names)
        if not any(columns.binds):
            return set(self._join(columns, keys, names))
        given = dict(zip(zip(*columns.bound_keys(keys), strict=True), keys, strict=True))
        return {given[row] for row in self._join(columns, list(given), names)}

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        if not rows:
            return []
        columns = self._columns_of(model)
        start, end = columns.insert, " ON CONFLICT DO NOTHING"
        given = columns.bound_rows(rows)
        if len(rows) >= _MANY and self._are_all_beyond(columns, given):
            self._repeat(start, given, "")
            return [True] * len(rows)
        if len(rows) <= _EXACTLY:
            return self._are_inserted(columns, given)
        if self._are_all_inserted(lambda: self._repeat(start, given, end), len(rows)):
            return [True] * len(rows)
        return self._insert_missing(columns, given)

    def _are_all_inserted(self, insert: Callable[[], int], count: int) -> bool:
        """Runs an insert that leaves out what is there already, and undoes it if it inserts fewer rows:
        SQLite does not say which these are.
        """
        self._execute("SAVEPOINT bulk")
        are_all = insert() == count
        if not are_all:
            self._execute("ROLLBACK TO bulk")
        self._execute("RELEASE bulk")
        return are_all

    def _insert_missing(self, columns: Columns, rows: Sequence[Row]) -> list[bool]:
        """Looks first which of the rows are there."""
        keys = list(map(columns.key_of, rows))
        known = set(map(columns.key_of, self._find(columns, keys)))
        are_new = [key not in known for key in keys]
        self._repeat(columns.insert, list(compress(rows, are_new)), "")
        return are_new

    def _are_inserted(self, columns: Columns, rows: Sequence[Row]) -> list[bool]:
        """Inserts few rows, and asks which of them were new."""
        end = f" ON CONFLICT DO NOTHING RETURNING {columns.key_text}"
        inserted = self._execute(_repeated(columns.insert, rows, end), _flat(rows)).fetchall()
        if len(inserted) == len(rows):
            return [True] * len(rows)
        new = set(inserted)
        return [columns.key_of(row) in new for row in rows]

    async def insert_columns(self, model: type[SQLModel], columns: Sequence[Sequence[Any]]) -> list[bool]:
        of_table, count = self._columns_of(model), len(columns[0])
        if count < _MANY or any(of_table.binds):
            return await self.insert_new(model, list(zip(*columns, strict=True)))
        start, keys = of_table.insert, [columns[place] for place in of_table.key]
        stored = self._stored_between(of_table, keys, _STORED_FOR_EACH * count)
        if stored is not None:
            are_new = [key not in stored for key in zip(*keys, strict=True)] if stored else [True] * count
            self._repeat_columns(start, _where(columns, are_new), "")
            return are_new
        if not self._are_all_inserted(
            lambda: self._repeat_columns(start, columns, " ON CONFLICT DO NOTHING"), count
        ):
            return self._insert_missing(of_table, list(zip(*columns, strict=True)))
        return [True] * count

    async def claim(
        self, model: type[SQLModel], rows: Sequence[Row], *, follows: bool = False
    ) -> list[Row | None]:
        """Looks first, and inserts what is missing: nobody else writes meanwhile."""
        columns = self._columns_of(model)
        given = columns.bound_rows(rows)
        keys = list(map(columns.key_of, given))
        found = self._find(columns, keys)
        known = dict(zip(map(columns.key_of, found), columns.read_rows(found), strict=True))
        if not follows:
            new = [row for row, key in zip(given, keys, strict=True) if key not in known]
            self._repeat(columns.insert, new, "")
        return list(map(known.get, keys))

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        columns = self._columns_of(model)
        self._repeat(columns.insert, columns.bound_rows(rows), _updating(columns, change))

    async def upsert_columns(
        self, model: type[SQLModel], columns: Sequence[Sequence[Any]], change: str
    ) -> None:
        of_table = self._columns_of(model)
        if any(of_table.binds):
            await self.upsert(model, list(zip(*columns, strict=True)), change)
            return
        self._repeat_columns(of_table.insert, columns, _updating(of_table, change))

    def _are_all_beyond(self, columns: Columns, rows: Sequence[Row]) -> bool:
        keys = sorted(map(columns.key_of, rows))
        return self._stored_between(columns, list(zip(*keys, strict=True)), 1) == set()

    def _stored_between(self, columns: Columns, keys: Sequence[Sequence[Any]], most: int) -> set[Row] | None:
        """The stored keys between the first and the last of those keys that differ only at their end; None if
        there are `most` or more. Rows that come in the order of time have few or none. `keys` are columns, in
        the order of the keys.
        """
        *equal, name = columns.key_names
        if not equal:
            return None
        *starts, ends = keys
        head = f"WITH k ({columns.key_text}, last) AS (VALUES "
        tail = (
            f") SELECT {prefixed('t', columns.key_names)} FROM k CROSS JOIN {columns.table} AS t "  # noqa: S608
            f"ON {is_keyed(equal)} AND t.{name} BETWEEN k.{name} AND k.last LIMIT ?"
        )
        asked = [(*group, ends[first], ends[last]) for group, first, last in _groups(starts)]
        stored: set[Row] = set()
        for run in _runs(asked):
            stored.update(self._execute(_repeated(head, run, tail), [*_flat(run), most]))
            if len(stored) >= most:
                return None
        return stored

    def _find(self, columns: Columns, keys: Sequence[Row]) -> list[Row]:
        return self._join(columns, keys, prefixed("t", columns.names))

    def _join(self, columns: Columns, keys: Sequence[Row], names: str) -> list[Row]:
        """It is a join, because SQLite reads the whole table if several columns are IN a list of values."""
        start, end = _joining(columns, names)
        found: list[Row] = []
        for run in _runs(keys):
            found += self._execute(_repeated(start, run, end), _flat(run)).fetchall()
        return found

    def _repeat(self, start: str, rows: Sequence[Row], end: str) -> int:
        """Returns the number of rows that it changed."""
        return sum(self._execute(_repeated(start, run, end), _flat(run)).rowcount for run in _runs(rows))

    def _repeat_columns(self, start: str, columns: Sequence[Sequence[Any]], end: str) -> int:
        """Returns the number of rows that it changed."""
        # What is never there is no value: it takes as long as three numbers.
        given = [column for column in columns if any(column) or set(column) != {None}]
        row = ", ".join("?" if any(column is one for one in given) else "NULL" for column in columns)
        width, changed = len(given), 0
        for rows in _runs(range(len(columns[0]))):
            first, stop = rows[0], rows[-1] + 1
            values: list[Any] = [None] * (width * len(rows))
            for place, column in enumerate(given):
                values[place::width] = column[first:stop]
            changed += self._execute(_repeated_row(start, len(rows), row, end), values).rowcount
        return changed


def _where(columns: Sequence[Sequence[Any]], are_wanted: Sequence[bool]) -> Sequence[Sequence[Any]]:
    if all(are_wanted):
        return columns
    return [list(compress(column, are_wanted)) for column in columns]


def _groups(columns: Sequence[Sequence[Any]]) -> Iterator[tuple[Row, int, int]]:
    """Each different row of these sorted columns, with its first and its last place."""
    places = range(len(columns[0]))

    def row(place: int) -> Row:
        return tuple(column[place] for column in columns)

    start = 0
    while start < len(places):
        stop = bisect_right(places, row(start), lo=start, key=row)
        yield row(start), start, stop - 1
        start = stop


@lru_cache(maxsize=128)
def _updating(columns: Columns, change: str) -> str:
    return f" ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}"


@lru_cache(maxsize=128)
def _joining(columns: Columns, names: str) -> tuple[str, str]:
    """What is before and after the keys."""
    return (
        f"WITH k ({columns.key_text}) AS (VALUES ",
        f") SELECT {names} FROM k CROSS JOIN {columns.table} AS t ON {is_keyed(columns.key_names)}",  # noqa: S608
    )


def _runs(rows: Sequence[S]) -> Iterator[Sequence[S]]:
    """Cuts the rows into runs of powers of two, the largest first, and a last one of at most 32. So there are
    few different statements, and they stay prepared.
    """
    if 0 < len(rows) <= _EXACTLY:
        yield rows
        return
    start, size = 0, _ROWS_OF_A_STATEMENT
    while start < len(rows):
        while size > (left := len(rows) - start):
            size = size // 2 if left > _EXACTLY else left
        yield rows[start : start + size]
        start += size


def _repeated(start: str, run: Sequence[Row], end: str) -> str:
    return _values(start, len(run), len(run[0]), end)


@lru_cache(maxsize=1_024)
def _values(start: str, rows: int, columns: int, end: str) -> str:
    return _repeated_row(start, rows, ", ".join("?" * columns), end)


@lru_cache(maxsize=1_024)
def _repeated_row(start: str, rows: int, row: str, end: str) -> str:
    return f"{start}{', '.join([f'({row})'] * rows)}{end}"


def _flat(rows: Sequence[Row]) -> list[Any]:
    return list(chain.from_iterable(rows))
