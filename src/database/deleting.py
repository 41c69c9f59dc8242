"""Deletes rows by their keys."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database.inserts import table_of


async def delete_rows(
    session: AsyncSession,
    model: type[SQLModel],
    keys: Sequence[tuple[Any, ...]],
    *conditions: ColumnElement[bool],
) -> None:
    """A key has its values in the order of the primary key. Rows that do not meet the conditions stay."""
    if not keys:
        return
    table = table_of(model)
    columns = enumerate(table.primary_key.columns)
    is_it = and_(*(column == bindparam(f"key_{place}") for place, column in columns), *conditions)
    given = [{f"key_{place}": value for place, value in enumerate(key)} for key in keys]
    await (await session.connection()).execute(delete(table).where(is_it), given)
