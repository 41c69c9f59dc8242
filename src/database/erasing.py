"""Erases rows, so that no file of the database has them any more.

SQLite and PostgreSQL both leave deleted rows where they were, until something else needs the room.
"""

from asyncio import sleep

from sqlalchemy import ColumnElement, LargeBinary, delete, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from database.database import Database
from database.inserts import table_of

_TRIES = 5
_PAUSE_SECONDS = 0.2


async def erase_rows(database: Database, model: type[SQLModel], are_old: ColumnElement[bool]) -> bool:
    """Erases the rows that `are_old` from a small table. PostgreSQL has to keep the table without a log
    (UNLOGGED): the log would keep the rows.

    Returns False if the rows are deleted, but still in SQLite's log because somebody reads what was there
    before. Then call it again.
    """
    async with database.writing() as session:
        connection = await session.connection()
        if database.dialect_name == "sqlite":
            await _overwrite(connection, model, are_old)
        else:
            await _write_anew(connection, model, are_old)
    return database.dialect_name != "sqlite" or await _empty_log(database)


async def _overwrite(
    connection: AsyncConnection, model: type[SQLModel], are_old: ColumnElement[bool]
) -> None:
    """Writes zeros over the rows. SQLite itself writes zeros where it moves rows away."""
    table = table_of(model)
    blobs = [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
    await connection.exec_driver_sql("PRAGMA secure_delete = ON")
    rows = (await connection.execute(select(table).where(are_old))).mappings().all()
    for row in rows:
        is_it = [column == row[column.name] for column in table.primary_key]
        zeros = {name: bytes(len(row[name])) for name in blobs}
        await connection.execute(update(table).where(*is_it).values(zeros))
    await connection.execute(delete(table).where(are_old))


async def _write_anew(
    connection: AsyncConnection, model: type[SQLModel], are_old: ColumnElement[bool]
) -> None:
    """Writes the rows that are kept into a new file. The commit cuts the old file to nothing."""
    table = table_of(model)
    await connection.exec_driver_sql(f"LOCK TABLE {table.name} IN ACCESS EXCLUSIVE MODE")
    kept = (await connection.execute(select(table).where(not_(are_old)))).mappings().all()
    await connection.exec_driver_sql(f"TRUNCATE {table.name}")
    if kept:
        await connection.execute(insert(table), [dict(row) for row in kept])


async def _empty_log(database: Database) -> bool:
    """The log has old pages. It can be emptied when nobody reads these any more."""
    for _ in range(_TRIES):
        if await database.empty_log():
            return True
        await sleep(_PAUSE_SECONDS)
    return False
