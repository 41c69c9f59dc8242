"""Requests that wait for a unit of work of the test, so that it is sure to come between what they read and
what they write.
"""

from asyncio import Lock, Task, create_task, sleep, timeout
from collections.abc import Awaitable, Callable
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from database import Database
from tests.studio import Answer, Studio

_PATIENCE_SECONDS = 20
_LOCKS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def overtaken(
    studio: Studio, ask: Callable[[], Awaitable[Answer]], change: Callable[[AsyncSession], Awaitable[object]]
) -> Answer:
    """The answer to a request that has read everything before the change is committed, and writes after it.
    On PostgreSQL, the change has to lock a row that the request locks.
    """

    async def asked() -> Answer:
        return await ask()

    async with studio.services.database.writing() as session:
        await change(session)
        answer = create_task(asked())
        await somebody_waits(studio.services.database, answer)
    return await answer


async def somebody_waits(database: Database, task: Task[Any]) -> None:
    """Returns when the task waits for a unit of work."""
    async with timeout(_PATIENCE_SECONDS):
        while not task.done() and not await _somebody_waits(database):  # noqa: ASYNC110
            await sleep(0.005)
    assert not task.done(), "it waits"


async def _somebody_waits(database: Database) -> bool:
    if database.dialect_name == "sqlite":
        return bool(cast("Lock", database._writer)._waiters)
    async with database.engine.connect() as connection:
        found = await connection.exec_driver_sql(_LOCKS)
        count: int = found.scalar_one()
        await connection.rollback()
    return count > 0
