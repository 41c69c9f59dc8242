"""Connections of the engine that only read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"is_snapshot": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


@asynccontextmanager
async def snapshot_of(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """It sees what was committed when it began."""
    async with engine.connect() as connection:
        await connection.execution_options(**_OPTIONS[engine.dialect.name])
        if engine.dialect.name == "postgresql":
            # This comes before the snapshot is taken: a partition that is dropped is missing from older ones
            # too.
            await connection.exec_driver_sql("LOCK TABLE events IN ACCESS SHARE MODE")
        yield connection
