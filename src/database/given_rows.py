"""Rows as one parameter. SQLite gets them as a JSON text."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from database.statement import Convert, bind_processor

_Row = tuple[Any, ...]


class LastingRows(list[_Row]):
    """Rows that are given again and again, always with the same types, and that nobody changes. Their text is
    made once.
    """

    __slots__ = ("text",)

    def __init__(self, rows: Iterable[_Row]) -> None:
        super().__init__(rows)
        self.text: str | None = None


class Rows(TypeDecorator[Sequence[_Row]]):
    """Tuples as one JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, *items: TypeEngine[Any]) -> None:
        super().__init__()
        self.items = items

    def bind_processor(self, dialect: Dialect) -> Convert:
        # SQLAlchemy's own asks for the dialect at each call.
        made = rows_as_json(self.items, dialect)

        def process(rows: Sequence[_Row] | None) -> str:
            if not isinstance(rows, LastingRows):
                return made(rows)
            if rows.text is None:
                rows.text = made(rows)
            return rows.text

        return process


def rows_as_json(
    types: Sequence[TypeEngine[Any]], dialect: Dialect
) -> Callable[[Sequence[_Row] | None], str]:
    """Makes one JSON text of rows, with their values as the driver takes them."""
    found = [bind_processor(type_, dialect) for type_ in types]
    if not any(found):
        # orjson takes no NamedTuple.
        return lambda rows: orjson.dumps(list(map(tuple, rows or ()))).decode()

    def process(rows: Sequence[_Row] | None) -> str:
        # Column by column, because row by row it takes 1.5 times as long.
        columns = zip(found, zip(*rows or (), strict=True), strict=bool(rows))
        converted = [map(convert, column) if convert else column for convert, column in columns]
        return orjson.dumps(list(zip(*converted, strict=True))).decode()

    return process
