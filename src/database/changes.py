"""Updates of many rows in one statement, each to values of its own."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database.inserts import table_of
from database.statement import DIALECTS, bind_processor


async def change_rows(
    session: AsyncSession,
    model: type[SQLModel],
    match: Sequence[str],
    to: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Sets the columns `to` of the rows whose columns `match` are as given, in one statement.

    Each of `rows` has the values of `match` and then those of `to`. A row that is not there is left out.
    """
    if not rows:
        return
    table = table_of(model)
    names = [*match, *to]
    sets = ", ".join(f"{name} = given.{name}" for name in to)
    matches = " AND ".join(f"{table.name}.{name} = given.{name}" for name in match)
    dialect = DIALECTS[session.get_bind().dialect.name]
    types = [table.c[name].type for name in names]
    if dialect.name == "sqlite":
        picked = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(names))
        given = f"(SELECT {picked} FROM json_each(:rows)) AS given"  # noqa: S608  # parts of our own
        converts = [bind_processor(type_, dialect) or _as_it_is for type_ in types]
        parameters: dict[str, Any] = {
            "rows": orjson.dumps(
                [[convert(value) for convert, value in zip(converts, row, strict=True)] for row in rows]
            ).decode()
        }
    else:
        arrays = (
            f"CAST(:{name} AS {type_.compile(dialect)}[])" for name, type_ in zip(names, types, strict=True)
        )
        given = f"unnest({', '.join(arrays)}) AS given ({', '.join(names)})"
        parameters = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    statement = f"UPDATE {table.name} SET {sets} FROM {given} WHERE {matches}"  # noqa: S608  # parts of our own
    await session.execute(text(statement), parameters)


def _as_it_is(value: Any) -> Any:
    return value
