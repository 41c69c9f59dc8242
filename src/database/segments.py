"""Rows that have a random value, found segment by segment.

In an index that begins with a random value, each new row changes a page of its own. On SQLite, the number of
a segment stands before the value, and new rows come into the newest segment: so they change few pages.
Whoever looks for a value looks in each segment. On PostgreSQL, tables of months do the same.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from database.lists import lateral_join


class segment_of(FunctionElement[int]):
    """The segment of a row; null if it has none. On PostgreSQL, all rows are of the segment 0."""

    inherit_cache = True

    def __init__(self, segment: Column[Any]) -> None:
        self.type = BigInteger()
        super().__init__(segment)


@compiles(segment_of, "sqlite")
def _segment_sqlite(element: segment_of, compiler: SQLCompiler, **options: Any) -> str:
    (segment,) = element.clauses
    return compiler.process(segment, **options)


@compiles(segment_of, "postgresql")
def _segment_postgresql(*_: Any, **__: Any) -> str:
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


class segments_of(FunctionElement[Any]):
    """A table with one column `segment`: the segments of a tenant's rows that meet a condition, and null for
    those that have none. For each, SQLite seeks once in an index with this condition that begins with the
    tenant and the segment.
    """

    inherit_cache = False

    def __init__(
        self, segment: Column[Any], tenant: ColumnElement[int], condition: ColumnElement[bool]
    ) -> None:
        self.segment = segment
        super().__init__(tenant, condition)


@compiles(segments_of, "sqlite")
def _segments_sqlite(element: segments_of, compiler: SQLCompiler, **options: Any) -> str:
    tenant, condition = (compiler.process(clause, **options) for clause in element.clauses)
    table = element.segment.table.name
    segment = f"{table}.{element.segment.name}"
    next_one = (
        f"SELECT {segment} FROM {table} WHERE {table}.tenant_id = {tenant} AND {condition} "  # noqa: S608  # parts of our own
        f"AND {segment} > known.segment ORDER BY {segment} LIMIT 1"
    )
    # The walk begins with 0, which is below every number. It stands for rows without a segment.
    return (
        f"(WITH RECURSIVE known (segment) AS (SELECT 0 UNION ALL SELECT ({next_one}) FROM known "  # noqa: S608  # parts of our own
        "WHERE known.segment IS NOT NULL) "
        "SELECT nullif(segment, 0) AS segment FROM known WHERE segment IS NOT NULL)"
    )


@compiles(segments_of, "postgresql")
def _segments_postgresql(*_: Any, **__: Any) -> str:
    return "(SELECT 0 AS segment)"
