"""Statements end in the database, too, when they take too long or when nobody waits for them any more."""

from asyncio import CancelledError, create_task, gather, sleep, wait, wait_for
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import func, literal_column, select, text

from base.errors import TimedOut
from database import Database, Statement, metered
from tests.database.slow import ENDLESS, PATIENCE, until_running

READERS = 4
ONE = Statement(select(literal_column("1")), int)
NOBODY = "Nobody waits for the answer any more."


def endless(database: Database) -> Statement[int]:
    return Statement(select(literal_column(ENDLESS[database.dialect_name])), int)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, readers=READERS)
    yield database
    await database.close()


async def expect_sound(database: Database) -> None:
    """Every reader answers, at the same time and more than once; nothing else is running."""
    for _ in range(3):
        ones = await wait_for(gather(*(database.fetch(ONE) for _ in range(2 * READERS))), PATIENCE)
        assert ones == [[1]] * 2 * READERS
    await until_running(database, 0)


@pytest.mark.parametrize("begins_first", [True, False])
async def test_what_is_cancelled_ends(database: Database, begins_first: bool) -> None:
    """Also when it is cancelled before the database has heard of it."""
    for _ in range(3):
        reading = [create_task(database.fetch(endless(database))) for _ in range(2 * READERS)]
        await (until_running(database, READERS) if begins_first else sleep(0))
        for task in reading:
            task.cancel()
        ends = await wait_for(gather(*reading, return_exceptions=True), PATIENCE)
        assert [type(end) for end in ends] == [CancelledError] * 2 * READERS
    await expect_sound(database)


async def test_what_is_read_for_a_request_ends_with_it_and_nothing_more_is_read(database: Database) -> None:
    async def other() -> list[int]:
        with metered():
            return await database.fetch(endless(database))

    others = create_task(other())
    with metered():
        reading = [create_task(database.fetch(endless(database))) for _ in range(2 * READERS)]
        await until_running(database, READERS)
        database.stop_reading()
        ends = await wait_for(gather(*reading, return_exceptions=True), PATIENCE)
        assert [str(end) for end in ends] == [NOBODY] * 2 * READERS
        with pytest.raises(TimedOut, match=NOBODY):
            await database.fetch(ONE)
    with metered():
        assert await database.fetch(ONE) == [1]
    assert not others.done()
    others.cancel()
    await gather(others, return_exceptions=True)
    await expect_sound(database)


async def test_what_belongs_to_no_request_is_not_stopped(database: Database) -> None:
    database.stop_reading()
    assert await database.fetch(ONE) == [1]


async def test_whoever_is_cancelled_while_its_request_ends_is_cancelled(database: Database) -> None:
    with metered():
        reading = create_task(database.fetch(endless(database)))
        await until_running(database, 1)
        database.stop_reading()
        reading.cancel()
        with pytest.raises(CancelledError):
            await reading
    await expect_sound(database)


async def test_what_takes_too_long_ends_the_oldest_first(database_url: str) -> None:
    database = Database(database_url, readers=READERS, read_seconds=0.3)
    first = create_task(database.fetch(endless(database)))
    await sleep(0.15)
    second = create_task(database.fetch(endless(database)))
    with pytest.raises(TimedOut, match=r"^Reading from the database took longer than 0\.3 seconds\.$"):
        await wait_for(first, PATIENCE)
    assert not second.done()
    with pytest.raises(TimedOut):
        await wait_for(second, PATIENCE)
    await expect_sound(database)
    # And again, when nothing has run for a while.
    with pytest.raises(TimedOut):
        await wait_for(database.fetch(endless(database)), PATIENCE)
    await expect_sound(database)
    await database.close()


async def test_a_unit_of_work_takes_its_time(database_url: str) -> None:
    database = Database(database_url, readers=READERS, read_seconds=0.1)
    with metered():
        async with database.writing() as session:
            database.stop_reading()
            await sleep(0.3)
            assert (await session.execute(select(func.count()).select_from(text("domains")))).scalar() == 0
    async with database.snapshot() as connection:
        await sleep(0.3)
        assert (await connection.execute(text("SELECT count(*) FROM domains"))).scalar() == 0
    await database.close()


async def test_a_database_that_is_closed_waits_for_what_was_cut_off(database_url: str) -> None:
    database = Database(database_url, readers=READERS)
    reading = create_task(database.fetch(endless(database)))
    await until_running(database, 1)
    reading.cancel()
    await gather(reading, return_exceptions=True)
    await wait_for(database.close(), PATIENCE)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_the_server_ends_what_a_process_that_died_has_left(database_url: str) -> None:
    """A second after that process would have."""
    database = Database(database_url, readers=READERS, read_seconds=0.5)
    shown = Statement(select(func.current_setting("statement_timeout")), str)
    assert await database.fetch(shown) == ["1500ms"]
    await database.close()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_statement_that_an_operator_cancels_has_timed_out(
    database: Database, database_url: str
) -> None:
    operator = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    reading = create_task(database.fetch(endless(database)))
    try:
        # A statement is prepared before it runs: what is cancelled between the two runs all the same.
        for _ in range(100):
            await operator.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()"
                " AND query NOT LIKE '%set_config%'"  # which sets up a new connection
            )
            if (await wait({reading}, timeout=PATIENCE / 100))[0]:
                break
    finally:
        await operator.close()
        reading.cancel()
    with pytest.raises(TimedOut, match=r"^The database has cut the statement off\.$"):
        await reading
    await expect_sound(database)
