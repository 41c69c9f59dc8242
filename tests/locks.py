"""Waiting until somebody waits for a lock of PostgreSQL."""

from asyncio import Task, sleep, timeout
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def waits(task: Task[Any], connection: AsyncConnection) -> None:
    """Returns once somebody waits for a lock, which the task must do before it ends."""
    async with timeout(20):
        while not (await connection.exec_driver_sql(_WAITING)).scalar_one():
            assert not task.done()
            # Otherwise the transaction would see the same answer again.
            await connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
            await sleep(0.01)
