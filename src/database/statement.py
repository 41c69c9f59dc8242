"""Statements of the read path: written once in SQLAlchemy Core, run by the driver itself.

SQLAlchemy's part ends when the text is made; what it would do at each call (build, compile, open a
session, begin, fetch into objects) costs several times what the driver needs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Dialect,
    Select,
    Text,
    bindparam,
)
from sqlalchemy.dialects import registry
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

R = TypeVar("R")
Convert = Callable[[Any], Any]

DIALECTS: dict[str, Dialect] = {
    "sqlite": registry.load("sqlite")(paramstyle="qmark"),
    "postgresql": registry.load("postgresql.asyncpg")(),
}


class Parameter(NamedTuple):
    name: str
    convert: Convert | None
    is_constant: bool = False
    constant: Any = None
    """A value that stands in the statement itself, as the driver takes it."""

    def value(self, given: Mapping[str, Any]) -> Any:
        if self.is_constant:
            return self.constant
        return self.convert(given[self.name]) if self.convert else given[self.name]


class Compiled(NamedTuple):
    text: str
    parameters: tuple[Parameter, ...]
    """In the order of their places."""
    conversions: tuple[tuple[int, Convert], ...]
    """The columns of a row that the driver gives in another type than the statement's."""


class Statement(Generic[R]):
    """A select, and the shape of its rows. Parameters are given by name when it is run."""

    def __init__(self, select: Select[Any] | CompoundSelect[Any], row: Callable[..., R]) -> None:
        self.row = row
        self._select = select
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, dialect_name: str) -> Compiled:
        compiled = self._compiled.get(dialect_name)
        if compiled is None:
            compiled = self._compiled[dialect_name] = _compile(self._select, DIALECTS[dialect_name])
        return compiled

    def arguments(self, compiled: Compiled, given: Mapping[str, Any]) -> list[Any]:
        return [parameter.value(given) for parameter in compiled.parameters]

    def rows(self, compiled: Compiled, fetched: Sequence[Sequence[Any]]) -> list[R]:
        if not compiled.conversions:
            return [self.row(*values) for values in fetched]
        return [self.row(*_converted(values, compiled.conversions)) for values in fetched]


def _compile(select: Select[Any] | CompoundSelect[Any], dialect: Dialect) -> Compiled:
    compiled = select.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    parameters = tuple(_parameter(name, binds[name], dialect) for name in compiled.positiontup or ())
    results = [_result(column.type, dialect) for column in select.selected_columns]
    conversions = tuple((index, convert) for index, convert in enumerate(results) if convert)
    return Compiled(str(compiled), parameters, conversions)


def _parameter(name: str, bind: BindParameter[Any], dialect: Dialect) -> Parameter:
    convert = _bind(bind.type, dialect)
    if bind.required:
        return Parameter(name, convert)
    constant = bind.effective_value
    return Parameter(name, convert, True, convert(constant) if convert else constant)


def _bind(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _converted(values: Sequence[Any], conversions: tuple[tuple[int, Convert], ...]) -> list[Any]:
    row = list(values)
    for index, convert in conversions:
        row[index] = convert(row[index])
    return row


class _Many(TypeDecorator[list[Any]]):
    """A list as one parameter: an array, or in SQLite a JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.item))

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        convert = _bind(self.item, dialect)
        return orjson.dumps([convert(item) for item in value] if convert else value).decode()


class among(FunctionElement[Any]):
    """`column` is one of the list given as the parameter `name`: one text for any number of keys.

    Without a type, because SQLAlchemy writes `= 1` behind a Boolean in SQLite, and no index serves that.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        super().__init__(column, bindparam(name, type_=_Many(column.type)))


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({keys}))"  # noqa: S608  # parts of our own


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({keys})"


class spans(FunctionElement[Any]):
    """A table of (bucket, start, stop), each row a number and a half-open span; see `span_parameters`."""

    inherit_cache = True

    def __init__(self, name: str, type_: TypeEngine[Any]) -> None:
        super().__init__(
            bindparam(name, type_=_Spans(type_)),
            bindparam(f"{name}_bucket", type_=_Many(BigInteger())),
            bindparam(f"{name}_start", type_=_Many(type_)),
            bindparam(f"{name}_stop", type_=_Many(type_)),
        )


class _Spans(TypeDecorator[list[tuple[int, Any, Any]]]):
    """SQLite's form of the whole table, as one JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def process_bind_param(self, value: list[tuple[int, Any, Any]] | None, dialect: Dialect) -> Any:
        convert = _bind(self.item, dialect)
        assert convert is not None
        return orjson.dumps([(bucket, convert(a), convert(b)) for bucket, a, b in value or ()]).decode()


@compiles(spans, "sqlite")
def _spans_sqlite(element: spans, compiler: SQLCompiler, **options: Any) -> str:
    table = compiler.process(next(iter(element.clauses)), **options)
    columns = "json_extract(value, '$[0]') AS bucket, json_extract(value, '$[1]') AS start, "
    columns += "json_extract(value, '$[2]') AS stop"
    return f"(SELECT {columns} FROM json_each({table}))"  # noqa: S608  # parts of our own


@compiles(spans, "postgresql")
def _spans_postgresql(element: spans, compiler: SQLCompiler, **options: Any) -> str:
    columns = ", ".join(compiler.process(clause, **options) for clause in list(element.clauses)[1:])
    return f"(SELECT * FROM unnest({columns}) AS u (bucket, start, stop))"  # noqa: S608  # parts of our own


def span_parameters(name: str, rows: Sequence[tuple[int, Any, Any]]) -> dict[str, Any]:
    return {
        name: rows,
        f"{name}_bucket": [row[0] for row in rows],
        f"{name}_start": [row[1] for row in rows],
        f"{name}_stop": [row[2] for row in rows],
    }
