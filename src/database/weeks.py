"""Rows that have a random value, found week by week.

In an index that begins with a random value, each new row changes a page of its own. On SQLite, the week of an
instant stands before the value, so that rows that come together stand together. Whoever looks for a value
looks in each week of which there are rows. On PostgreSQL, tables of months do the same.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from database.lists import lateral_join

_WEEK: Final = 604_800_000_000
"""In microseconds. The indexes have the same number."""


class week_of(FunctionElement[int]):
    """The week of an instant, exactly as in the index. On PostgreSQL, all instants are of the week 0."""

    inherit_cache = True

    def __init__(self, instant: Column[Any]) -> None:
        self.type = BigInteger()
        super().__init__(instant)


@compiles(week_of, "sqlite")
def _week_sqlite(element: week_of, compiler: SQLCompiler, **options: Any) -> str:
    (instant,) = element.clauses
    return f"{compiler.process(instant, **options)} / {_WEEK}"


@compiles(week_of, "postgresql")
def _week_postgresql(*_: Any, **__: Any) -> str:
    return "0"


class indexed_join(lateral_join):
    """A lateral join in which SQLite seeks by an index. Without statistics, it prefers one that has all the
    columns, however many rows it finds there.
    """

    inherit_cache = False

    def __init__(self, left: Any, right: Table, condition: ColumnElement[bool], index: str) -> None:
        super().__init__(left, right, condition)
        self.index = index


@compiles(indexed_join, "sqlite")
def _indexed_join_sqlite(element: indexed_join, compiler: SQLCompiler, **options: Any) -> str:
    assert element.onclause is not None
    left, right = (
        compiler.process(side, **{**options, "asfrom": True}) for side in (element.left, element.right)
    )
    condition = compiler.process(element.onclause, **options)
    return f"{left} CROSS JOIN {right} INDEXED BY {element.index} ON {condition}"


class weeks_of(FunctionElement[Any]):
    """A table with one column `week`: the weeks of a tenant's rows that meet a condition. For each, SQLite
    seeks once in an index with this condition that begins with the tenant and the week.
    """

    inherit_cache = False

    def __init__(
        self, instant: Column[Any], tenant: ColumnElement[int], condition: ColumnElement[bool]
    ) -> None:
        self.instant = instant
        super().__init__(tenant, condition)


@compiles(weeks_of, "sqlite")
def _weeks_sqlite(element: weeks_of, compiler: SQLCompiler, **options: Any) -> str:
    tenant, condition = (compiler.process(clause, **options) for clause in element.clauses)
    table = element.instant.table.name
    week = f"{table}.{element.instant.name} / {_WEEK}"

    def first(later: str = "") -> str:
        return (
            f"(SELECT {week} FROM {table} WHERE {table}.tenant_id = {tenant} AND {condition}{later} "  # noqa: S608  # parts of our own
            f"ORDER BY {week} LIMIT 1)"
        )

    return (
        f"(WITH RECURSIVE known (week) AS (SELECT {first()} "  # noqa: S608  # parts of our own
        f"UNION ALL SELECT {first(f' AND {week} > known.week')} FROM known WHERE known.week IS NOT NULL) "
        "SELECT week FROM known WHERE week IS NOT NULL)"
    )


@compiles(weeks_of, "postgresql")
def _weeks_postgresql(*_: Any, **__: Any) -> str:
    return "(SELECT 0 AS week)"
