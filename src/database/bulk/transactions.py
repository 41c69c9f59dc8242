"""Work in bulk: within a session's transaction, or in one of its own."""

from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from database.bulk.postgres import Overtaken, PostgresBulk
from database.bulk.sqlite_calls import SqliteCalls, in_background, in_thread
from database.bulk.writer import Bulk, Observe
from database.cluster import Cluster

T = TypeVar("T")

_BEGIN: Final = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan"
"""To plan a statement anew takes longer than to write some rows, and what is given never decides how they are
found. A cluster has to know what is given: by it, it finds the node.
"""

Work: TypeAlias = Callable[[Bulk], Coroutine[Any, Any, T]]


async def bulk(session: AsyncSession) -> Bulk:
    """A bulk over the connection of a session, in its transaction."""
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        return SqliteCalls(await driver_of(connection), _observe_of(session))
    return await _postgres_bulk(connection, session)


async def in_bulk(session: AsyncSession, work: Work[T]) -> T:
    """Runs work that waits for nothing but its bulk, in the session's transaction.

    SQLite runs all of it in the connection's thread. The way to the thread and back takes as long as a
    statement, so the work goes there only once, and the event loop stays free.
    """
    connection = await session.connection()
    if connection.dialect.name == "sqlite":
        return await in_thread(await driver_of(connection), _observe_of(session), work)
    return await work(await _postgres_bulk(connection, session))


async def committed(dialect_name: str, driver: Any, observe: Observe, cluster: Cluster, work: Work[T]) -> T:
    """Runs the work in a transaction of its own, on a connection that is in none."""
    if dialect_name == "sqlite":
        result = await in_thread(driver, observe, work, commits=True)
    else:
        result = await _committed(driver, observe, cluster, work)
    observe("COMMIT")
    return result


async def _committed(driver: Any, observe: Observe, cluster: Cluster, work: Work[T]) -> T:
    # If this raises, the caller drops the connection: a silent server would not answer a rollback either.
    begin = "BEGIN" if cluster.is_there else _BEGIN
    await driver.execute(begin)
    try:
        result = await work(PostgresBulk(driver, observe, cluster, claims_at_once=True))
    except Overtaken:
        await driver.execute(f"ROLLBACK; {begin}")
        result = await work(PostgresBulk(driver, observe, cluster))
    await driver.execute("COMMIT")
    return result


async def committed_in_background(
    dialect_name: str, driver: Any, observe: Observe, cluster: Cluster, work: Work[T]
) -> tuple[T, float]:
    """The same, for work that nobody waits for: when this returns it may not be durable yet. A later
    transaction that is durable makes it so. Returns also how many seconds the transaction took.
    """
    if dialect_name == "sqlite":
        done = await in_background(driver, observe, work)
    else:
        began = perf_counter()
        transaction = driver.transaction()
        await transaction.start()
        await driver.execute("SET LOCAL synchronous_commit = off")
        result = await work(PostgresBulk(driver, observe, cluster))
        await transaction.commit()
        done = result, perf_counter() - began
    observe("COMMIT")
    return done


async def _postgres_bulk(connection: AsyncConnection, session: AsyncSession) -> Bulk:
    driver = await driver_of(connection)
    if not driver.is_in_transaction():
        # SQLAlchemy begins the transaction with its first statement, and there was none yet.
        await connection.exec_driver_sql("SELECT 1")
    return PostgresBulk(driver, _observe_of(session), session.info["cluster"])


async def driver_of(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


def _observe_of(session: AsyncSession) -> Observe:
    observe: Observe = session.info["observe"]
    return observe
