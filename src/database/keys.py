"""Conditions on keys of several columns."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class within_key(FunctionElement[Any]):
    """The condition that the columns have the values of `equals`, but for the last column, which is from
    `start` up to, not including, `stop`.

    PostgreSQL compares these columns together. So it uses no index that has only some of them, even in a plan
    for all values. SQLite would not use all of them then.
    """

    inherit_cache = True

    def __init__(
        self,
        columns: Sequence[ColumnElement[Any]],
        equals: Sequence[ColumnElement[Any]],
        start: ColumnElement[Any],
        stop: ColumnElement[Any],
    ) -> None:
        super().__init__(*columns, *equals, start, stop)


def _parts(
    element: within_key, compiler: SQLCompiler, **options: Any
) -> tuple[list[str], list[str], list[str]]:
    texts = [compiler.process(clause, **options) for clause in element.clauses]
    size = len(texts) // 2
    return texts[:size], texts[size:-2], texts[-2:]


@compiles(within_key, "sqlite")
def _within_sqlite(element: within_key, compiler: SQLCompiler, **options: Any) -> str:
    (*columns, last), equals, (start, stop) = _parts(element, compiler, **options)
    same = [f"{column} = {value}" for column, value in zip(columns, equals, strict=True)]
    return " AND ".join([*same, f"{last} >= {start}", f"{last} < {stop}"])


@compiles(within_key, "postgresql")
def _within_postgresql(element: within_key, compiler: SQLCompiler, **options: Any) -> str:
    columns, equals, (start, stop) = _parts(element, compiler, **options)
    row, low, high = (f"({', '.join(part)})" for part in (columns, [*equals, start], [*equals, stop]))
    same = [f"{column} = {value}" for column, value in zip(columns, equals, strict=False)]
    return " AND ".join([*same, f"{row} >= {low}", f"{row} < {high}"])
