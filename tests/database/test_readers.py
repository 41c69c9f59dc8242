import socket
from asyncio import CancelledError, Event, create_task, gather, wait_for
from collections.abc import AsyncIterator, Callable
from functools import partial

import asyncpg
import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, insert, literal, literal_column, select, table

from base.errors import Unavailable
from database import Database, Statement, table_of
from database.postgres import MOST_PREPARED
from models import Domain
from server.app import create_app
from server.settings import Settings
from tests.postgres import PostgresServer
from tests.studio import Clock, services_for

READERS = 4
DOMAINS = table_of(Domain)
NAMES = Statement(select(DOMAINS.c.name).order_by(DOMAINS.c.id), lambda name: name)
PREPARED = Statement(select(func.count()).select_from(table("pg_prepared_statements")), int)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With one domain."""
    database = Database(database_url, readers=READERS)
    async with database.writing() as session:
        await session.execute(insert(DOMAINS).values(name="example.com"))
    yield database
    await database.close()


def name_of(database_url: str) -> str:
    return database_url.rsplit("/", 1)[1]


async def names(database: Database, times: int = 1) -> list[list[str]]:
    """Read so often at one time."""
    return [*await gather(*(database.fetch(NAMES) for _ in range(times)))]


async def test_more_may_read_at_one_time_than_there_are_readers(database: Database) -> None:
    assert await names(database, 100) == [["example.com"]] * 100


async def test_what_is_committed_is_seen_by_every_reader_at_once(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(insert(DOMAINS).values(name="example.org"))
        assert await names(database, READERS) == [["example.com"]] * READERS
    assert await names(database, READERS) == [["example.com", "example.org"]] * READERS


async def test_a_reader_is_free_again_after_an_error(database: Database) -> None:
    unknown = Statement(select(literal(1)).select_from(func.no_such_function().table_valued("a")), int)
    for _ in range(3 * READERS):
        with pytest.raises(Exception, match=r"no.such.(function|table)"):
            await database.fetch(unknown)
    assert await names(database, READERS) == [["example.com"]] * READERS


def slow(dialect_name: str) -> Statement[int]:
    """Takes a while: on SQLite, which cannot sleep, by counting."""
    if dialect_name == "postgresql":
        return Statement(select(literal(1)).where(func.pg_sleep(30).is_not(None)), int)
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < 200_000))
    return Statement(select(func.max(numbers.c.n)), int)


def set_event(event: Event, _: str) -> None:
    event.set()


async def test_a_reader_is_free_again_when_nobody_waits_for_it_any_more(database: Database) -> None:
    statement = slow(database.dialect_name)
    for _ in range(3):
        started = Event()
        with database.observed(partial(set_event, started)):
            reading = [create_task(database.fetch(statement)) for _ in range(2 * READERS)]
            await started.wait()
        for task in reading:
            task.cancel()
        assert [type(end) for end in await gather(*reading, return_exceptions=True)] == (
            [CancelledError] * 2 * READERS
        )
    assert await wait_for(names(database, 2 * READERS), 20) == [["example.com"]] * 2 * READERS


@on_postgresql
async def test_there_are_no_more_connections_than_readers(
    database: Database, postgres: PostgresServer, database_url: str
) -> None:
    await database.engine.dispose()
    await names(database, 100)
    connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    counted = postgres.execute(connected, name_of(database_url))
    assert counted == READERS + 1


@pytest.fixture
def terminate(postgres: PostgresServer, database_url: str) -> Callable[[], int]:
    """Ends every other connection to the database, as an operator does; says how many."""
    statement = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()"""

    def end_all() -> int:
        count: int = postgres.execute(statement, name_of(database_url))
        return count

    return end_all


@on_postgresql
async def test_connections_that_the_server_ended_are_replaced_unnoticed(
    database: Database, terminate: Callable[[], int]
) -> None:
    await database.engine.dispose()
    for _ in range(3):
        assert await names(database, READERS) == [["example.com"]] * READERS
        assert terminate() == READERS
        assert await names(database, 5 * READERS) == [["example.com"]] * 5 * READERS
        assert terminate() == READERS
        assert await database.fetch(NAMES) == ["example.com"]


@on_postgresql
async def test_a_statement_whose_connection_ends_under_it_is_asked_again(
    database: Database, database_url: str
) -> None:
    lock = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    started = Event()
    async with lock.transaction():
        await lock.execute("LOCK TABLE domains IN ACCESS EXCLUSIVE MODE")
        with database.observed(partial(set_event, started)):
            reading = create_task(database.fetch(NAMES))
            await started.wait()
        waiting = "SELECT pid FROM pg_locks WHERE NOT granted"
        while not (pid := await lock.fetchval(waiting)):  # another process decides
            pass
        assert await lock.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
    await lock.close()
    assert await reading == ["example.com"]


@on_postgresql
async def test_writers_find_new_connections_too(database: Database, terminate: Callable[[], int]) -> None:
    assert terminate() == 1
    async with database.writing() as session:
        await session.execute(insert(DOMAINS).values(name="example.org"))
    assert await database.fetch(NAMES) == ["example.com", "example.org"]


@on_postgresql
async def test_a_unit_of_work_whose_connection_ends_is_unavailable_and_undone(
    database: Database, terminate: Callable[[], int]
) -> None:
    with pytest.raises(Unavailable):  # noqa: PT012  # it is raised when the unit of work ends
        async with database.writing() as session:
            await session.execute(insert(DOMAINS).values(name="example.org"))
            terminate()
            await session.execute(insert(DOMAINS).values(name="example.net"))
    assert await database.fetch(NAMES) == ["example.com"]


@on_postgresql
async def test_statements_survive_a_change_of_the_tables_that_they_were_prepared_for(
    database: Database, postgres: PostgresServer, database_url: str
) -> None:
    await names(database, READERS)
    postgres.execute("ALTER TABLE domains ALTER COLUMN name TYPE varchar(300)", name_of(database_url))
    assert await names(database, 2 * READERS) == [["example.com"]] * 2 * READERS
    postgres.execute("ALTER TABLE domains ALTER COLUMN name TYPE text", name_of(database_url))
    assert await names(database, 2 * READERS) == [["example.com"]] * 2 * READERS


@on_postgresql
async def test_a_reader_keeps_no_more_statements_than_it_may(database_url: str) -> None:
    database = Database(database_url, readers=1)
    for number in range(MOST_PREPARED + 50):
        assert await database.fetch(Statement(select(literal_column(str(number))), int)) == [number]
    (kept,) = await database.fetch(PREPARED)
    # The one that fell out last is closed with the next one.
    assert MOST_PREPARED <= kept <= MOST_PREPARED + 1
    await database.close()


# Where nobody listens


@pytest_asyncio.fixture
async def nowhere() -> AsyncIterator[str]:
    """The address of a server that is away: its port is held, and closed."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"postgresql://postgres@127.0.0.1:{held.getsockname()[1]}/viewgraph"


async def test_a_database_that_is_away_is_unavailable_to_readers_and_writers(nowhere: str) -> None:
    database = Database(nowhere, readers=2)
    for _ in range(5):
        with pytest.raises(Unavailable, match=r"^The database cannot be reached\. Try again shortly\.$"):
            await database.fetch(NAMES)
    failed = await gather(*(database.fetch(NAMES) for _ in range(10)), return_exceptions=True)
    assert [type(error) for error in failed] == [Unavailable] * 10
    with pytest.raises(Unavailable):
        async with database.writing() as session:
            await session.execute(insert(DOMAINS).values(name="example.org"))
    await database.close()


async def test_clients_are_told_that_the_database_is_away(nowhere: str, clock: Clock) -> None:
    services = services_for(nowhere, clock)
    transport = httpx.ASGITransport(app=create_app(Settings(), services), raise_app_exceptions=False)
    query = '{ limits { maxNodes } publication(url: "ai-research-studio") { name } }'

    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = (await client.post("/graphql", json={"query": query})).json()

    assert answer["data"] == {"limits": {"maxNodes": 100}, "publication": None}
    ((path, code),) = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
    assert (path, code) == (["publication"], "UNAVAILABLE")
    await services.database.close()
