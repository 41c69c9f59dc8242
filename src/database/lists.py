"""Lists as parameters. With them a statement has one text, and is prepared once, for any number of keys."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Dialect, Select, String, Table, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Join
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import TypeDecorator, TypeEngine

from database.given_rows import Rows
from database.statement import Convert, bind_processor


class ListType(TypeDecorator[list[Any]]):
    """A list as one value: an array, or in SQLite a JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.item))


class Many(ListType):
    """A list as a parameter."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Convert:
        """One of its own, as those in `models.types`: most statements have several lists."""
        item = self.item.impl_instance if isinstance(self.item, TypeDecorator) else self.item
        listed: Callable[[Iterable[Any]], list[Any]] = _listed_texts if isinstance(item, String) else list
        convert, is_json = bind_processor(self.item, dialect), dialect.name == "sqlite"

        def process(value: list[Any] | None) -> Any:
            if value is None:
                return None
            keys = list(map(convert, listed(value))) if convert else listed(value)
            return orjson.dumps(keys).decode() if is_json else keys

        return process


def _listed_texts(value: Iterable[Any]) -> list[Any]:
    """No database has a text with a NUL: PostgreSQL refuses it, and SQLite's JSON would cut it short."""
    return [item for item in value if not (isinstance(item, str) and "\0" in item)]


class among(FunctionElement[Any]):
    """The condition that `column` is in the list that is given as the parameter `name`.

    It has no type, because SQLAlchemy writes `= 1` behind a Boolean in SQLite, and no index serves that.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        super().__init__(column, bindparam(name, type_=Many(column.type)))


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({keys}))"  # noqa: S608  # parts of our own


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, keys = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({keys})"


def for_one(text: Select[Any], name: str, key: str) -> Select[Any]:
    """The same statement for a list of one item, which is given as the parameter `key`. So databases know
    that they look for one."""

    def equal(element: Any, **_: Any) -> Any:
        if not isinstance(element, among):
            return None
        column, keys = element.clauses
        return column == bindparam(key, type_=column.type) if keys.key == name else None

    changed: Any = replacement_traverse(text, {}, equal)
    one: Select[Any] = changed
    return one


class rows_of(FunctionElement[Any]):
    """A table with `columns`, whose rows are the tuples given as the parameter `name`."""

    inherit_cache = False

    def __init__(self, name: str, /, **columns: TypeEngine[Any]) -> None:
        self.columns_given = tuple(columns)
        super().__init__(
            bindparam(name, type_=Rows(*columns.values())),
            *(
                bindparam(f"{name}__{column}", type_=_Picked(ARRAY(type_), _column(index)))
                for index, (column, type_) in enumerate(columns.items())
            ),
        )


@compiles(rows_of, "sqlite")
def _rows_sqlite(element: rows_of, compiler: SQLCompiler, **options: Any) -> str:
    table = compiler.process(next(iter(element.clauses)), **options)
    columns = ", ".join(
        f"json_extract(value, '$[{index}]') AS {column}" for index, column in enumerate(element.columns_given)
    )
    return _made_once(columns, table)


@compiles(rows_of, "postgresql")
def _rows_postgresql(element: rows_of, compiler: SQLCompiler, **options: Any) -> str:
    arrays = ", ".join(compiler.process(clause, **options) for clause in list(element.clauses)[1:])
    columns = ", ".join(element.columns_given)
    return f"(SELECT * FROM unnest({arrays}) AS given ({columns}))"  # noqa: S608  # parts of our own


def _made_once(columns: str, table: str) -> str:
    # Without a limit, SQLite would look into the JSON for each row that these rows are joined with.
    return f"(SELECT {columns} FROM json_each({table}) LIMIT -1)"  # noqa: S608  # parts of our own


class spans(FunctionElement[Any]):
    """A table of (bucket, start, stop) over the half-open spans given as the parameter `name`.

    The spans are pairs, in order, and do not overlap. SQLite gets a row for each span and seeks them one by
    one. PostgreSQL would compare every span with every row. So it gets one row for all spans, and reads from
    the start of the first to the end of the last; `bucket_of` then finds the span of each row.
    """

    inherit_cache = False

    def __init__(self, name: str, type_: TypeEngine[Any]) -> None:
        super().__init__(
            bindparam(name, type_=Rows(type_, type_)),
            bindparam(f"{name}__thresholds", type_=_Picked(ARRAY(type_), lambda rows: list(chain(*rows)))),
        )


@compiles(spans, "sqlite")
def _spans_sqlite(element: spans, compiler: SQLCompiler, **options: Any) -> str:
    table = compiler.process(next(iter(element.clauses)), **options)
    columns = (
        "2 * key + 1 AS bucket, json_extract(value, '$[0]') AS start, json_extract(value, '$[1]') AS stop"
    )
    return _made_once(columns, table)


@compiles(spans, "postgresql")
def _spans_postgresql(element: spans, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(list(element.clauses)[1], **options)
    ends = f"({array})[1] AS start, ({array})[cardinality({array})] AS stop"
    return f"(SELECT {array} AS bucket, {ends})"


class bucket_of(FunctionElement[Any]):
    """The span that a value is in: 2n + 1 is within span n, and an even number is within none."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], bucket: ColumnElement[Any]) -> None:
        super().__init__(column, bucket)


@compiles(bucket_of, "sqlite")
def _bucket_sqlite(element: bucket_of, compiler: SQLCompiler, **options: Any) -> str:
    _, bucket = (compiler.process(clause, **options) for clause in element.clauses)
    return bucket


@compiles(bucket_of, "postgresql")
def _bucket_postgresql(element: bucket_of, compiler: SQLCompiler, **options: Any) -> str:
    column, thresholds = (compiler.process(clause, **options) for clause in element.clauses)
    return f"width_bucket({column}, {thresholds})"


class unlimited(FunctionElement[int]):
    """The limit of a select that has all rows. With it, databases make its rows as they are described, and do
    not mix it with the statement around it.
    """

    inherit_cache = True

    def __init__(self) -> None:
        self.type = BigInteger()
        super().__init__()


@compiles(unlimited, "sqlite")
def _unlimited_sqlite(*_: Any, **__: Any) -> str:
    return "-1"


@compiles(unlimited, "postgresql")
def _unlimited_postgresql(*_: Any, **__: Any) -> str:
    return "NULL"


class ordered_join(Join):
    """An inner join whose left side SQLite reads first. SQLite cannot know that it has few rows."""

    inherit_cache = True


@compiles(ordered_join, "sqlite")
def _ordered_join_sqlite(element: ordered_join, compiler: SQLCompiler, **options: Any) -> str:
    assert element.onclause is not None
    left, right = (
        compiler.process(side, **{**options, "asfrom": True}) for side in (element.left, element.right)
    )
    return f"{left} CROSS JOIN {right} ON {compiler.process(element.onclause, **options)}"


class seeking_join(ordered_join):
    """An ordered join in which SQLite seeks each row by the index that `info` of the right table names.

    Without statistics, SQLite takes any table for one that has ten rows of a tenant, and would read all of
    the tenant's rows for each row on the left.
    """

    inherit_cache = True


@compiles(seeking_join, "sqlite")
def _seeking_join_sqlite(element: seeking_join, compiler: SQLCompiler, **options: Any) -> str:
    assert element.onclause is not None
    assert isinstance(element.right, Table)
    left, right = (
        compiler.process(side, **{**options, "asfrom": True}) for side in (element.left, element.right)
    )
    index = element.right.info.get("sqlite_seeks_by")
    by = f" INDEXED BY {index}" if index else ""
    return f"{left} CROSS JOIN {right}{by} ON {compiler.process(element.onclause, **options)}"


class lateral_join(seeking_join):
    """A seeking join in which PostgreSQL seeks the rows on the right for each row on the left, too. It cannot
    know that these are few of those between the first and the last, and would read all of them.
    """

    inherit_cache = True


@compiles(lateral_join, "postgresql")
def _lateral_join_postgresql(element: lateral_join, compiler: SQLCompiler, **options: Any) -> str:
    assert element.onclause is not None
    left, right = (
        compiler.process(side, **{**options, "asfrom": True}) for side in (element.left, element.right)
    )
    condition = compiler.process(element.onclause, **options)
    # Without the offset, PostgreSQL would take it for any other join.
    return f"{left} CROSS JOIN LATERAL (SELECT * FROM {right} WHERE {condition} OFFSET 0) AS {right}"  # noqa: S608


class _Picked(TypeDecorator[Any]):
    """A part of a list of tuples, as a parameter of its own."""

    impl = Text
    cache_ok = False

    def __init__(self, part: TypeEngine[Any], pick: Callable[[Any], Any]) -> None:
        super().__init__()
        self.part = part
        self.pick = pick

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(self.part)

    def process_bind_param(self, value: Any, _: Dialect) -> Any:
        return self.pick(value)


def _column(index: int) -> Callable[[Any], Any]:
    return lambda rows: [row[index] for row in rows]
