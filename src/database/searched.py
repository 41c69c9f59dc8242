"""Bytes that are looked for in values of bytes."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class has_bytes(FunctionElement[Any]):
    """The condition that a value has these bytes, at any place. It has no type, as `among`."""

    inherit_cache = True

    def __init__(self, value: ColumnElement[bytes], part: ColumnElement[bytes]) -> None:
        super().__init__(value, part)


@compiles(has_bytes, "sqlite")
def _has_sqlite(element: has_bytes, compiler: SQLCompiler, **options: Any) -> str:
    value, part = (compiler.process(clause, **options) for clause in element.clauses)
    return f"instr({value}, {part}) > 0"


@compiles(has_bytes, "postgresql")
def _has_postgresql(element: has_bytes, compiler: SQLCompiler, **options: Any) -> str:
    value, part = (compiler.process(clause, **options) for clause in element.clauses)
    return f"position({part} IN {value}) > 0"
