"""Updates of many rows in one statement, each to values of its own."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database.given_rows import rows_as_json
from database.inserts import table_of
from database.statement import DIALECTS

Rows: TypeAlias = Sequence[tuple[Any, ...]]


async def change_rows(
    session: AsyncSession,
    model: type[SQLModel],
    match: Sequence[str],
    to: Sequence[str],
    rows: Rows,
) -> None:
    """Sets the columns `to` of the rows that have given values in the columns `match`, in one statement.

    Each of `rows` has the values of `match` and then those of `to`. A row that does not exist is left out.
    """
    if not rows:
        return
    table = table_of(model)
    columns = [table.c[name] for name in (*match, *to)]
    sets = ", ".join(f"{name} = given.{name}" for name in to)
    matches = " AND ".join(f"{table.name}.{name} = given.{name}" for name in match)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    given, parameters = (_given_to_sqlite if is_sqlite else _given_to_postgres)(columns, rows)
    statement = f"UPDATE {table.name} SET {sets} FROM {given} WHERE {matches}"  # noqa: S608  # parts of our own
    await session.execute(text(statement), parameters)


def _given_to_sqlite(columns: Sequence[Column[Any]], rows: Rows) -> tuple[str, dict[str, Any]]:
    """A table `given` of the rows, and its parameter."""
    picked = ", ".join(
        f"json_extract(value, '$[{place}]') AS {column.name}" for place, column in enumerate(columns)
    )
    rows_of_json = rows_as_json([column.type for column in columns], DIALECTS["sqlite"])(rows)
    return f"(SELECT {picked} FROM json_each(:rows)) AS given", {"rows": rows_of_json}  # noqa: S608  # parts of our own


def _given_to_postgres(columns: Sequence[Column[Any]], rows: Rows) -> tuple[str, dict[str, Any]]:
    """A table `given` of the rows, and its parameters."""
    names = [column.name for column in columns]
    # The type of an array has no collation.
    types = [column.type.compile(DIALECTS["postgresql"]).partition(" COLLATE ")[0] for column in columns]
    arrays = (f"CAST(:{name} AS {type_}[])" for name, type_ in zip(names, types, strict=True))
    given = f"unnest({', '.join(arrays)}) AS given ({', '.join(names)})"
    return given, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
