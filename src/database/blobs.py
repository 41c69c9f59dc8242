"""Byte strings of one length as one parameter. JSON, which SQLite gets other lists as, has none."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Dialect, LargeBinary, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from database.statement import Convert


class _Blobs(TypeDecorator[Iterable[bytes]]):
    """An array, or in SQLite one byte string that has them one after the other."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(LargeBinary() if dialect.name == "sqlite" else ARRAY(LargeBinary()))

    def bind_processor(self, dialect: Dialect) -> Convert:
        return b"".join if dialect.name == "sqlite" else list


class blobs_of(FunctionElement[Any]):
    """A table with one column `blob`, whose rows are given as the parameter `name`. Each has `size` bytes."""

    inherit_cache = False

    def __init__(self, name: str, size: int) -> None:
        self.size = size
        super().__init__(bindparam(name, type_=_Blobs()))


@compiles(blobs_of, "sqlite")
def _blobs_sqlite(element: blobs_of, compiler: SQLCompiler, **options: Any) -> str:
    (bound,) = element.clauses
    given = compiler.process(bound, **options)
    size = element.size
    return (
        f"(WITH RECURSIVE given (place) AS (SELECT 1 WHERE length({given}) > 0 "  # noqa: S608  # parts of our own
        f"UNION ALL SELECT place + {size} FROM given WHERE place + {size} <= length({given})) "
        f"SELECT substr({given}, place, {size}) AS blob FROM given)"
    )


@compiles(blobs_of, "postgresql")
def _blobs_postgresql(element: blobs_of, compiler: SQLCompiler, **options: Any) -> str:
    (bound,) = element.clauses
    return f"(SELECT * FROM unnest({compiler.process(bound, **options)}) AS given (blob))"  # noqa: S608
