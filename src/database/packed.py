"""Many rows as one value."""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from database.lists import ListType

_NUMBERS = 1024
"""More than there are actions or types. A number and its count together are one integer: of all that was
measured, arrays of integers are the quickest to make, to send and to read."""


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
    return {one % _NUMBERS: one // _NUMBERS for one in packed or ()}


def _counts_of_json(text: str) -> dict[int, int]:
    return _counts(orjson.loads(text))


class counts_by(packed):
    """All counts of a group as a dict by their numbers, which are small and not negative."""

    inherit_cache = True

    def __init__(self, number: ColumnElement[int], count: ColumnElement[int]) -> None:
        super().__init__(count * literal_column(f"{_NUMBERS}", Integer()) + number)
        self.type = _Counts()
