"""Citus, where a database has it: PostgreSQL on several machines, which share the tables of tenants."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

_SHOW_ALL: Final = (
    "SELECT set_config('citus.override_table_visibility', 'off', false) FROM pg_extension "
    "WHERE extname = 'citus'"
)
"""Citus hides the parts of its tables from each look into the catalog, which takes long. asyncpg looks there
for types.
"""
_ONE_BY_ONE: Final = (
    "SELECT set_config('citus.multi_shard_modify_mode', 'sequential', true) FROM pg_extension "
    "WHERE extname = 'citus'"
)


class Cluster:
    """What the connections of a database have found out."""

    def __init__(self) -> None:
        self.is_there = False

    async def prepare(self, driver: Any, *settings: str) -> None:
        """Sets up a new connection of asyncpg, by one message. `settings` are further statements."""
        if await driver.execute("; ".join((*settings, _SHOW_ALL))) == "SELECT 1":
            self.is_there = True


async def change_one_by_one(connection: AsyncConnection) -> None:
    """From here on, a transaction on PostgreSQL changes the parts of a table one after another. Tables that
    refer to each other cannot be changed side by side.
    """
    await connection.exec_driver_sql(_ONE_BY_ONE)
