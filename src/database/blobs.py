"""Byte strings of one length as a parameter. JSON, which SQLite gets other lists as, has none."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Dialect, LargeBinary, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from database.lists import Many
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
    """A table with the columns `id` and `blob`, given as the parameters `ids` and `blobs`: two lists of the
    same length. Each blob has `size` bytes.
    """

    inherit_cache = False

    def __init__(self, ids: str, blobs: str, size: int) -> None:
        self.size = size
        super().__init__(bindparam(ids, type_=Many(BigInteger())), bindparam(blobs, type_=_Blobs()))


@compiles(blobs_of, "sqlite")
def _blobs_sqlite(element: blobs_of, compiler: SQLCompiler, **options: Any) -> str:
    ids, blobs = (compiler.process(clause, **options) for clause in element.clauses)
    blob = f"substr({blobs}, {element.size} * key + 1, {element.size})"
    # Without a limit, SQLite would make the blob again whenever it compares it.
    return f"(SELECT value AS id, {blob} AS blob FROM json_each({ids}) LIMIT -1)"  # noqa: S608  # parts of our own


@compiles(blobs_of, "postgresql")
def _blobs_postgresql(element: blobs_of, compiler: SQLCompiler, **options: Any) -> str:
    ids, blobs = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(SELECT * FROM unnest({ids}, {blobs}) AS given (id, blob))"  # noqa: S608  # parts of our own
