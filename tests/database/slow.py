"""What takes much longer than any test waits for, on both engines."""

import asyncio
from time import perf_counter

from sqlalchemy import text

from database import Database

ENDLESS = {
    # SQLite cannot sleep: it counts.
    "sqlite": """(WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
                  SELECT count(*) FROM numbers WHERE n < 0)""",
    "postgresql": "(SELECT count(*) FROM (SELECT pg_sleep(600)) AS slept)",
}
"""An expression, by the name of a dialect: a number that nobody has seen."""
PATIENCE = 10.0


async def slow_down(database: Database, table: str) -> None:
    """Whoever reads it waits for ever; everything else is read as before."""
    async with database.writing() as session:
        await session.execute(text(f"ALTER TABLE {table} RENAME TO fast_{table}"))
        await session.execute(
            text(
                f"CREATE VIEW {table} AS SELECT * FROM fast_{table}"  # noqa: S608
                f" WHERE {ENDLESS[database.dialect_name]} >= 0"
            )
        )


async def running(database: Database) -> int:
    """Statements that the server is working on. SQLite's run in readers: who has all of them back knows."""
    if database.dialect_name == "sqlite":
        return 0
    async with database.engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'active' AND pid <> pg_backend_pid()"
        )
        counted: int = found.scalar_one()
        await connection.rollback()
    return counted


async def until_running(database: Database, count: int) -> None:
    """On SQLite, for a while in which as many have surely begun."""
    if database.dialect_name == "sqlite":
        await asyncio.sleep(0.2 if count else 0)
        return
    began = perf_counter()
    while await running(database) != count:
        assert perf_counter() - began < PATIENCE
        await asyncio.sleep(0.01)
