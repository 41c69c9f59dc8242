"""Many rows as one value."""

import sys
from array import array
from collections.abc import Callable
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, LargeBinary, Text, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from database.lists import ListType

_BITS = 10
_NUMBERS = 1 << _BITS
"""More than there are actions or types. A number and its count together are one integer: of all that was
measured, arrays of integers are the quickest to make, to send and to read."""
_NUMBER: Final = _NUMBERS - 1
"""The bits of the number."""


class _Packed(ListType):
    """A column as one value. Nothing is an empty list."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> list[Any]:
        found: list[Any] = orjson.loads(value) if dialect.name == "sqlite" else value or []
        return found


class packed(FunctionElement[Any]):
    """All values of a column of numbers or texts as one list, in the order of the rows below it.

    A driver takes several times as long for as many rows.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.type = _Packed(column.type)
        super().__init__(column)


@compiles(packed, "sqlite")
def _packed_sqlite(element: packed, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **options)})"


@compiles(packed, "postgresql")
def _packed_postgresql(element: packed, compiler: SQLCompiler, **options: Any) -> str:
    return f"array_agg({compiler.process(element.clauses, **options)})"


class _Counts(_Packed):
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(BigInteger())

    def result_processor(self, dialect: Dialect, _: Any) -> Callable[[Any], Any]:
        return _counts_of_json if dialect.name == "sqlite" else _counts


def _counts(packed: list[int] | None) -> dict[int, int]:
    # To divide takes twice as long.
    return {one & _NUMBER: one >> _BITS for one in packed or ()}


def _counts_of_json(text: str) -> dict[int, int]:
    return {one & _NUMBER: one >> _BITS for one in orjson.loads(text)}


class counts_by(packed):
    """All counts of a group as a dict by their numbers, which are small and not negative."""

    inherit_cache = True

    def __init__(self, number: ColumnElement[int], count: ColumnElement[int]) -> None:
        super().__init__(_together(number, count))
        self.type = _Counts()


def _together(number: ColumnElement[int], count: ColumnElement[int]) -> ColumnElement[int]:
    return count * literal_column(f"{_NUMBERS}", Integer()) + number


class counts_where(FunctionElement[Any]):
    """The same of the rows for which all conditions are true, by a select of its own. Columns of tables that
    the select around it reads are those of its row.

    PostgreSQL takes less for the list of a select than for an aggregate in it.
    """

    inherit_cache = True

    def __init__(
        self, number: ColumnElement[int], count: ColumnElement[int], *conditions: ColumnElement[bool]
    ) -> None:
        aggregate, each = counts_by(number, count), _together(number, count)
        super().__init__(*[select(one).where(*conditions).scalar_subquery() for one in (aggregate, each)])
        self.type = _Counts()


@compiles(counts_where, "sqlite")
def _counts_where_sqlite(element: counts_where, compiler: SQLCompiler, **options: Any) -> str:
    aggregated, _ = element.clauses
    return compiler.process(aggregated, **options)


@compiles(counts_where, "postgresql")
def _counts_where_postgresql(element: counts_where, compiler: SQLCompiler, **options: Any) -> str:
    _, each = element.clauses
    return f"ARRAY{compiler.process(each, **options)}"


class _Columns(TypeDecorator[tuple[list[int], ...]]):
    """Columns of numbers as one value."""

    impl = Text
    cache_ok = True

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else LargeBinary())

    def result_processor(self, dialect: Dialect, _: Any) -> Callable[[Any], Any]:
        count = self.count
        if dialect.name == "sqlite":
            return lambda text: _columns(orjson.loads(f"[{text or ''}]"), count)
        return lambda found: _columns(_numbers(found or b""), count)


def _numbers(bytes_: bytes) -> list[int]:
    found = array("q", bytes_)
    if sys.byteorder == "little":
        found.byteswap()
    return found.tolist()


def _columns(numbers: list[int], count: int) -> tuple[list[int], ...]:
    return tuple([numbers[start::count] for start in range(count)])


class interleaved(FunctionElement[Any]):
    """Several columns of whole numbers as one value: a tuple with a list of each column, in the order of the
    rows below it. Without rows, the lists are empty.

    As bytes, PostgreSQL and its driver take a third of the time that arrays take.
    """

    inherit_cache = True

    def __init__(self, *columns: ColumnElement[int]) -> None:
        self.type = _Columns(len(columns))
        super().__init__(*columns)


@compiles(interleaved, "sqlite")
def _interleaved_sqlite(element: interleaved, compiler: SQLCompiler, **options: Any) -> str:
    columns = [f"({compiler.process(column, **options)})" for column in element.clauses]
    row = " || ',' || ".join(columns)
    return f"group_concat({row})"


@compiles(interleaved, "postgresql")
def _interleaved_postgresql(element: interleaved, compiler: SQLCompiler, **options: Any) -> str:
    columns = [compiler.process(column, **options) for column in element.clauses]
    row = " || ".join([f"int8send({column})" for column in columns])
    return f"string_agg({row}, '')"


EXACT_BELOW: Final = 1 << 53
"""All whole numbers below it are exact as numbers of 64 bits with a floating point."""


class quick_sum(FunctionElement[int]):
    """A sum of whole numbers that are not negative. It is exact below `EXACT_BELOW`. A sum from there on is
    not below it either, but may be another one.

    PostgreSQL adds whole numbers of 64 bits as decimal numbers, which takes three times as long.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[int]) -> None:
        self.type = BigInteger()
        super().__init__(column)


@compiles(quick_sum, "sqlite")
def _quick_sum_sqlite(element: quick_sum, compiler: SQLCompiler, **options: Any) -> str:
    return f"sum({compiler.process(element.clauses, **options)})"


@compiles(quick_sum, "postgresql")
def _quick_sum_postgresql(element: quick_sum, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(sum(CAST({compiler.process(element.clauses, **options)} AS float8)) AS bigint)"
