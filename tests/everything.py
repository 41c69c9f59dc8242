"""All that a database holds, to see that something changed nothing."""

from functools import cache

from sqlalchemy import Table, TextClause, text
from sqlmodel import SQLModel

from database import Database


async def everything(database: Database) -> dict[str, list[str]]:
    """The rows of each table as texts, sorted. Tests look often, so all tables are read at once. Only
    those of a cluster are read one by one, as its rules want it.
    """
    rows: dict[str, list[str]] = {name: [] for name in SQLModel.metadata.tables}
    async with database.engine.connect() as connection:
        await connection.execution_options(is_snapshot=True)
        for statement in _statements(database.dialect_name):
            for name, row in await connection.execute(statement):
                rows[name].append(row)
    return {name: sorted(those) for name, those in rows.items()}


@cache
def _statements(dialect_name: str) -> list[TextClause]:
    tables = SQLModel.metadata.sorted_tables
    local = [_rows_of(table, dialect_name) for table in tables if table.info["distribution"] == "local"]
    others = [_rows_of(table, dialect_name) for table in tables if table.info["distribution"] != "local"]
    return [text(statement) for statement in [" UNION ALL ".join(local), *others]]


def _rows_of(table: Table, dialect_name: str) -> str:
    if dialect_name == "sqlite":
        row = " || ',' || ".join(f'quote("{column.name}")' for column in table.columns)
    else:
        row = "CAST(own AS text)"
    return f"SELECT '{table.name}' AS name, {row} AS row FROM \"{table.name}\" AS own"  # noqa: S608  # our own names
