"""A table's columns, and what converts their values to and from a driver's values."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Column, Table
from sqlmodel import SQLModel

from base.packed import Convert, Packing
from database.inserts import table_of
from database.statement import DIALECTS

Row = tuple[Any, ...]


class KeyColumn(NamedTuple):
    name: str
    type: str


class Columns(NamedTuple):
    table: str
    names: tuple[str, ...]
    key: tuple[int, ...]
    """The places of the primary key's columns."""
    types: tuple[str, ...]
    """In which values are given."""
    stored: tuple[str, ...]
    """In which the table has them."""
    values: tuple[str, ...]
    """What a column has of a given value, in SQL: see `Packing`."""
    binds: tuple[Convert | None, ...]
    copies: tuple[Convert | None, ...]
    """For a copy, which takes values as the columns have them."""
    results: tuple[Convert | None, ...]
    insert: str
    """The start of an INSERT of SQLite, which says its columns: the table of a later version may have more.
    They are those of a table `t`. An error ends the transaction: otherwise SQLite would copy each page before
    it is changed, to undo the statement alone.
    """

    def __hash__(self) -> int:
        """Texts of statements are looked up by it. All the names and types would take longer."""
        return hash(self.table)

    def bound(self, rows: Sequence[Row]) -> list[Sequence[Any]]:
        """The values column by column, as the driver takes them."""
        return _converted(self.binds, rows)

    def bound_columns(self, columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """The same for values that come column by column."""
        return list(map(_converted_column, self.binds, columns))

    def copied_columns(self, columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        return list(map(_converted_column, self.copies, columns))

    def bound_rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The values row by row, as the driver takes them."""
        return list(zip(*self.bound(rows), strict=True)) if any(self.binds) else rows

    def bound_keys(self, keys: Sequence[Row]) -> list[Sequence[Any]]:
        return _converted([self.binds[place] for place in self.key], keys)

    def bound_key_columns(self, keys: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """The same for keys that come column by column."""
        return list(map(_converted_column, [self.binds[place] for place in self.key], keys))

    def read_keys(self, keys: Sequence[Sequence[Any]]) -> list[Row]:
        """The keys with the values as Python has them."""
        return list(zip(*_converted([self.results[place] for place in self.key], keys), strict=True))

    @property
    def key_of(self) -> Callable[[Row], Row]:
        return _getter(self.key)

    def read(self, rows: Sequence[Sequence[Any]]) -> list[Row]:
        """The rows with the values as Python has them."""
        return list(zip(*_converted(self.results, rows), strict=True))

    def read_rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The same, without a copy of rows whose values are as Python has them."""
        return self.read(rows) if any(self.results) else rows

    @property
    def keys(self) -> list[KeyColumn]:
        return [KeyColumn(self.names[place], self.types[place]) for place in self.key]

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
    if not rows:
        return []
    return [_converted_column(*pair) for pair in zip(converts, by_column(rows), strict=True)]


def by_column(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """zip() would make an iterator for each row, and the garbage collector would count them."""
    return [list(map(itemgetter(place), rows)) for place in range(len(rows[0]))]


def _converted_column(convert: Convert | None, column: Sequence[Any]) -> Sequence[Any]:
    return [None if value is None else convert(value) for value in column] if convert else column


@lru_cache(maxsize=64)
def _getter(places: tuple[int, ...]) -> Callable[[Row], Row]:
    """For one place, `itemgetter` would return no tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    (place,) = places
    return lambda row: (row[place],)


def is_keyed(names: Sequence[str]) -> str:
    """The condition that a row of the table `t` and a row of keys `k` are equal in these columns."""
    return " AND ".join(f"t.{name} = k.{name}" for name in names)


def prefixed(alias: str, names: Sequence[str]) -> str:
    """The columns of one table of a join, such as `t.id, t.name`."""
    return ", ".join(f"{alias}.{name}" for name in names)


@lru_cache(maxsize=128)
def columns_of(model: type[SQLModel], dialect_name: str, *, are_packed: bool = False) -> Columns:
    """`are_packed`: whether the values are packed, as in `base.packed`."""
    table: Table = table_of(model)
    dialect = DIALECTS[dialect_name]
    types = [column.type.dialect_impl(dialect) for column in table.columns]
    names = [column.name for column in table.columns]
    binds: tuple[Convert | None, ...] = tuple(type_.bind_processor(dialect) for type_ in types)
    copies = binds
    results: Iterable[Convert | None] = (type_.result_processor(dialect, None) for type_ in types)
    stored = given = [column.type.compile(dialect) for column in table.columns]
    values = ["{}"] * len(given)
    if are_packed:
        # SQLite stores packed values as they are.
        packings = [_packing(column) if dialect_name == "postgresql" else None for column in table.columns]
        binds = tuple(packing and packing.bind for packing in packings)
        copies = tuple(packing and (packing.copied or packing.bind) for packing in packings)
        results = (packing and packing.result for packing in packings)
        given = [(packing and packing.given) or type_ for packing, type_ in zip(packings, given, strict=True)]
        values = [packing.value if packing else "{}" for packing in packings]
    return Columns(
        table.name,
        tuple(names),
        tuple(names.index(column.name) for column in table.primary_key.columns),
        tuple(given),
        tuple(stored),
        tuple(values),
        binds,
        copies,
        tuple(results),
        f"INSERT OR ROLLBACK INTO {table.name} AS t ({', '.join(names)}) VALUES ",  # noqa: S608
    )


def _packing(column: Column[Any]) -> Packing | None:
    found: Packing | None = getattr(column.type, "packing", None)
    return found
