"""A table's rows in ranges of an order that an index has."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, bindparam, delete, select, tuple_
from sqlmodel import SQLModel

from database import Statement, table_of

Place = tuple[Any, ...]
"""The values of a row in the columns of the order."""


class Ranges:
    """The statements that find ranges, and delete them. A range goes in one statement, and none of its rows
    comes to Python: neither the event loop nor a thread is busy with them.

    A range begins at a row's place. PostgreSQL would read past what is left of the rows before it.
    """

    def __init__(self, model: type[SQLModel], *conditions: Any, order: Sequence[str]) -> None:
        """`order`: names of columns, of which no two rows have the same values."""
        table = table_of(model)
        columns = [table.c[name] for name in order]
        later = (*conditions, _row(columns) >= _given(columns, "start"))
        read = select(*columns).order_by(*columns).limit(1)
        self._names = order
        self.first = Statement(read.where(*conditions), _place)
        self.next = Statement(read.where(*later).offset(bindparam("rows", type_=BigInteger())), _place)
        """The place of the row after so many."""
        before = _row(columns) < _given(columns, "stop")
        self.deleted = Statement(delete(table).where(*later, before), _place)
        self.deleted_last = Statement(delete(table).where(*later), _place)

    def given(self, end: str, place: Place) -> dict[str, Any]:
        """The parameters of one end of a range: of `start`, or of `stop`, whose row stays."""
        return {f"{end}_{name}": value for name, value in zip(self._names, place, strict=True)}


def ranges_of_tenant(model: type[SQLModel], *conditions: Any, order: Sequence[str] = ()) -> Ranges:
    """Rows of the parameter `tenant`. Without an order, it is that of their keys."""
    table = table_of(model)
    key = [column.name for column in table.primary_key.columns]
    # Some tables have one row for a tenant.
    names = [name for name in key if name != "tenant_id"] or key
    its = table.c.tenant_id == bindparam("tenant", type_=BigInteger())
    return Ranges(model, its, *conditions, order=order or names)


def _row(columns: Sequence[Any]) -> Any:
    return columns[0] if len(columns) == 1 else tuple_(*columns)


def _given(columns: Sequence[Column[Any]], end: str) -> ColumnElement[Any]:
    values = [bindparam(f"{end}_{column.name}", type_=column.type) for column in columns]
    return values[0] if len(values) == 1 else tuple_(*values)


def _place(*values: Any) -> Place:
    return values
