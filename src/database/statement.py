"""Statements of the hot paths. They are written once in SQLAlchemy Core, and the driver itself runs them.

SQLAlchemy only makes the text. What it would do at each call (build, compile, open a session, begin, fetch
into objects) takes several times as long as the driver.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import starmap
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as QuickUUID
from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Delete,
    Dialect,
    Select,
    Uuid,
)
from sqlalchemy.dialects import registry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

R = TypeVar("R")
S = TypeVar("S")
Convert = Callable[[Any], Any]
Text: TypeAlias = Select[Any] | CompoundSelect[Any] | ReturningUpdate[Any] | Delete

DIALECTS: dict[str, Dialect] = {
    "sqlite": registry.load("sqlite")(paramstyle="qmark"),
    "postgresql": registry.load("postgresql.asyncpg")(),
}


class Parameter(NamedTuple):
    name: str
    """The name by which it is given. In the statement, `__` and the name of a part may follow it."""
    convert: Convert | None
    is_constant: bool = False
    constant: Any = None
    """The value that is in the statement itself, as the driver takes it."""

    def value(self, given: Mapping[str, Any]) -> Any:
        if self.is_constant:
            return self.constant
        return self.convert(given[self.name]) if self.convert else given[self.name]


class Compiled(NamedTuple):
    text: str
    parameters: tuple[Parameter, ...]
    """Each once."""
    places: tuple[int, ...] | None
    """The parameter of each place, by its number. None if each has one place, and they are in order."""
    conversions: tuple[tuple[int, Convert], ...]
    """The places of columns whose values come from the driver in another type, and what converts them."""
    is_lookup: bool = False
    """Whether one plan is right for all values: see `Lookup`."""


class Statement(Generic[R]):
    """A select, or an update that returns what it changed, and the function that makes a row of its columns;
    or a delete, which returns no rows: see `Bulk.delete`.

    Its parameters are given by name when it runs. PostgreSQL plans it anew for the values of each run: which
    plan is right depends on how many rows they find.
    """

    _is_lookup = False

    def __init__(self, text: Text, row: Callable[..., R]) -> None:
        self.row = row
        self._text = text
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, dialect_name: str) -> Compiled:
        compiled = self._compiled.get(dialect_name)
        if compiled is None:
            compiled = self._compiled[dialect_name] = _compile(
                self._text, DIALECTS[dialect_name], is_lookup=self._is_lookup
            )
        return compiled

    def changed(self, change: Callable[[Any], Any], row: Callable[..., S]) -> "Statement[S]":
        """Another statement, made of the text of this one, of the same kind."""
        made: type[Statement[Any]] = type(self)
        return made(change(self._text), row)

    def arguments(self, compiled: Compiled, given: Mapping[str, Any]) -> list[Any]:
        values = [parameter.value(given) for parameter in compiled.parameters]
        return values if compiled.places is None else [values[number] for number in compiled.places]

    def rows(self, compiled: Compiled, fetched: Sequence[Sequence[Any]]) -> list[R]:
        if not compiled.conversions:
            return list(starmap(self.row, fetched))
        return made_of(self.row, columns_of(compiled, fetched)) if fetched else []


def columns_of(compiled: Compiled, fetched: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """The columns of what was fetched, which is at least one row. This takes less time than row by row."""
    columns: list[Sequence[Any]] = list(zip(*fetched, strict=True))
    for place, convert in compiled.conversions:
        columns[place] = list(map(convert, columns[place]))
    return columns


def made_of(row: Callable[..., R], columns: Sequence[Sequence[Any]]) -> list[R]:
    """What `row` makes of each row. There is at least one column."""
    if row.__class__ is type and len(getattr(row, "_fields", ())) == len(columns):
        # A NamedTuple. Its own constructor is a function in Python, which takes three times as long.
        return list(map(partial(tuple.__new__, row), zip(*columns, strict=True)))
    return list(map(row, *columns))


class Lookup(Statement[R]):
    """A statement that finds few rows by keys that are indexed, whatever the values are. PostgreSQL plans it
    once for each connection, because a plan takes as long as the statement itself.
    """

    _is_lookup = True


def _compile(text: Text, dialect: Dialect, *, is_lookup: bool) -> Compiled:
    compiled = text.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    names = compiled.positiontup or ()
    number_of = {name: number for number, name in enumerate(dict.fromkeys(names))}
    parameters = tuple(_parameter(name, binds[name], dialect) for name in number_of)
    places = None if len(number_of) == len(names) else tuple(number_of[name] for name in names)
    results = [_result(column.type, dialect) for column in text.exported_columns]
    conversions = tuple((index, convert) for index, convert in enumerate(results) if convert)
    return Compiled(str(compiled), parameters, places, conversions, is_lookup)


def _parameter(name: str, bind: BindParameter[Any], dialect: Dialect) -> Parameter:
    convert = bind_processor(bind.type, dialect)
    if bind.required:
        return Parameter(name.partition("__")[0], convert)
    constant = bind.effective_value
    return Parameter(name, convert, True, convert(constant) if convert else constant)


@lru_cache(maxsize=4096)
def bind_processor(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _result(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(type_, Uuid) and dialect.name == "sqlite":
        return _uuid
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _uuid(digits: str | None) -> UUID | None:
    """SQLite has the digits alone. asyncpg has a UUID that reads them in a tenth of the time."""
    return None if digits is None else QuickUUID(digits)
