"""All that is read in a moment was so when the first of it was read."""

from asyncio import Event, create_task, gather, sleep, timeout, to_thread, wait_for
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import func, insert, literal, literal_column, select, text

from base.errors import TimedOut, Unavailable
from database import Database, Statement, metered, table_of
from models import Domain
from tests.database.slow import ENDLESS, PATIENCE, until_running
from tests.postgres import PostgresServer

READERS = 2
MOMENTS = 3 * READERS
LARGE = 2 * READERS
DOMAINS = table_of(Domain)
COUNT = Statement(select(func.count()).select_from(DOMAINS), int)
UNKNOWN = Statement(select(literal(1)).select_from(func.no_such_function().table_valued("a")), int)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, readers=READERS)
    yield database
    await database.close()


def endless(database: Database) -> Statement[int]:
    return Statement(select(literal_column(ENDLESS[database.dialect_name])), int)


async def add(database: Database, name: str) -> None:
    async with database.writing() as session:
        await session.execute(insert(DOMAINS).values(name=name))


async def count(database: Database) -> int:
    (found,) = await database.fetch(COUNT)
    return found


@contextmanager
def snapshot(database: Database, *, is_large: bool = False) -> Iterator[None]:
    """Of a request of its own."""
    with metered():
        database.begin_snapshot(is_large=is_large)
        try:
            yield
        finally:
            database.end_snapshot()


async def held(database: Database, until: Event, *, is_large: bool = False) -> None:
    """Keeps a snapshot open until then."""
    with snapshot(database, is_large=is_large):
        await count(database)
        await until.wait()


async def test_a_moment_begins_with_what_is_read_first(database: Database) -> None:
    with snapshot(database):
        await add(database, "a.example")
        assert await count(database) == 1
        await add(database, "b.example")
        assert await count(database) == 1
        with metered():
            assert await count(database) == 2
        database.begin_snapshot()
        assert await count(database) == 2
        await add(database, "c.example")
        database.end_snapshot()
        assert await count(database) == 3


async def test_statements_at_one_time_see_the_same_whatever_is_written_between(database: Database) -> None:
    seen: set[int] = set()

    async def write() -> None:
        while len(seen) < MOMENTS:
            await add(database, f"{uuid4()}.example")

    writing = create_task(write())
    async with timeout(PATIENCE):
        while len(seen) < MOMENTS:
            with snapshot(database):
                found = await gather(*(count(database) for _ in range(5)), count(database))
            assert len(set(found)) == 1
            seen.add(found[0])
    await writing


async def test_one_statement_needs_no_transaction_and_a_second_one_is_refused(database: Database) -> None:
    with metered() as usage:
        for _ in range(2):
            database.begin_snapshot(reads_once=True)
            assert await count(database) == 0
            snapshot = usage.snapshot
            assert snapshot
            assert not snapshot.was_read_again
            await add_nothing(database)
            with pytest.raises(Unavailable):
                await count(database)
            assert snapshot.was_read_again
        database.begin_snapshot()
        assert await count(database) == 0
        assert await count(database) == 0
        database.end_snapshot()


async def add_nothing(database: Database) -> None:
    """Nobody holds what it has to wait for: it needs the table for itself."""
    if database.dialect_name == "postgresql":
        async with database.writing() as session:
            await session.execute(text("LOCK TABLE domains IN ACCESS EXCLUSIVE MODE NOWAIT"))


async def test_what_belongs_to_no_request_has_no_moment(database: Database) -> None:
    database.begin_snapshot()
    assert await count(database) == 0
    await add(database, "a.example")
    assert await count(database) == 1


async def test_more_moments_than_there_are_connections_come_one_after_the_other(database: Database) -> None:
    done = Event()
    holding = [create_task(held(database, done)) for _ in range(3 * MOMENTS)]
    await sleep(0.1)
    # What needs none of them is not held up.
    assert await count(database) == 0
    done.set()
    await wait_for(gather(*holding), PATIENCE)


async def test_those_who_take_long_leave_some_to_the_others(database: Database) -> None:
    done = Event()
    large = [create_task(held(database, done, is_large=True)) for _ in range(2 * LARGE)]
    await sleep(0.1)
    for _ in range(20):
        with snapshot(database):
            assert await count(database) == 0
    assert not any(task.done() for task in large)
    done.set()
    await wait_for(gather(*large), PATIENCE)


async def test_an_error_loses_nothing_of_a_moment(database: Database) -> None:
    with snapshot(database):
        assert await count(database) == 0
        await add(database, "a.example")
        for _ in range(2):
            with pytest.raises(Exception, match=r"no.such.(function|table)"):
                await database.fetch(UNKNOWN)
            assert await count(database) == 0


async def test_what_is_cut_off_loses_nothing_of_a_moment(database: Database) -> None:
    with snapshot(database):
        assert await count(database) == 0
        await add(database, "a.example")
        for begins in (True, False):
            reading = create_task(database.fetch(endless(database)))
            waiting = create_task(count(database))
            await (until_running(database, 1) if begins else sleep(0))
            reading.cancel()
            assert await wait_for(waiting, PATIENCE) == 0
    await until_running(database, 0)


async def test_a_moment_that_ends_while_something_runs_is_given_back_after_it(database: Database) -> None:
    for _ in range(2 * MOMENTS):
        with metered():
            database.begin_snapshot()
            reading = [create_task(database.fetch(endless(database))) for _ in range(2)]
            await sleep(0.01)
            database.stop_reading()
            database.end_snapshot()
            ends = await wait_for(gather(*reading, return_exceptions=True), PATIENCE)
            assert [type(end) for end in ends] == [TimedOut] * 2
    with snapshot(database):
        assert await count(database) == 0


async def test_a_database_is_closed_while_moments_end(database_url: str) -> None:
    database = Database(database_url, readers=READERS)
    with metered():
        database.begin_snapshot()
        reading = create_task(database.fetch(endless(database)))
        await until_running(database, 1)
        reading.cancel()
        database.end_snapshot()
        await gather(reading, return_exceptions=True)
    await wait_for(database.close(), PATIENCE)


@pytest.fixture
def terminate(postgres: PostgresServer, database_url: str) -> Callable[[], None]:
    """Ends every other connection to the database, as an operator does."""
    statement = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    return lambda: postgres.execute(statement, database_url.rsplit("/", 1)[1])


@on_postgresql
async def test_a_connection_that_ended_before_a_moment_is_replaced_unnoticed(
    database: Database, terminate: Callable[[], None]
) -> None:
    for _ in range(3):
        with snapshot(database):
            assert await count(database) == 0
        terminate()


@on_postgresql
async def test_whoever_has_read_something_is_told_when_the_rest_is_gone(
    database: Database, terminate: Callable[[], None]
) -> None:
    """Another connection would show another moment."""
    with snapshot(database):
        assert await count(database) == 0
        terminate()
        for _ in range(2):
            with pytest.raises(Unavailable, match="cannot be reached"):
                await count(database)
    with snapshot(database):
        assert await count(database) == 0


@on_postgresql
async def test_a_moment_reads_by_statements_that_were_prepared_for_other_tables(
    database: Database, postgres: PostgresServer, database_url: str
) -> None:
    names = Statement(select(DOMAINS.c.name), str)
    for type_ in ("varchar(300)", "text"):
        with snapshot(database):
            assert await database.fetch(names) == []
        # In a thread: it waits for the end of the moment.
        change = f"ALTER TABLE domains ALTER COLUMN name TYPE {type_}"
        await to_thread(postgres.execute, change, database_url.rsplit("/", 1)[1])
        with snapshot(database):
            assert await count(database) == 0
            assert await database.fetch(names) == []


@on_postgresql
async def test_nothing_is_left_open_when_a_moment_has_ended(
    database: Database, postgres: PostgresServer, database_url: str
) -> None:
    def opened() -> int:
        found: int = postgres.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in%'",
            database_url.rsplit("/", 1)[1],
        )
        return found

    with snapshot(database):
        assert await count(database) == 0
        assert opened() == 1
    for _ in range(200):
        if not opened():
            break
        await sleep(0.01)
    assert opened() == 0
