"""Whoever was told that an event is stored finds it stored and counted once, whatever broke meanwhile."""

import asyncio
import os
import shutil
import subprocess
import sys
from asyncio import sleep, timeout, to_thread
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from signal import SIGKILL
from time import perf_counter

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from auth.tokens import Claims, Signer
from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from database import Database, table_of
from ingest.events import NewEvent
from ingest.verify import Verification
from models import Action, Device, Domain, Event
from resolvers.context import Services
from server import migrations
from tests.crash.writers import World, Writers
from tests.draws import scaled
from tests.ingest.brute import counted, stored
from tests.ports import held_port
from tests.postgres import PostgresServer
from tests.studio import SECRET, Clock, Studio, open_studio
from tests.subjects import add_asset

pytestmark = [pytest.mark.crash, pytest.mark.parametrize("seed", [1])]
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])

EVENTS = table_of(Event).c
DOMAINS = table_of(Domain).c
ROOT = Path(__file__).parents[2]
KILLS = scaled(20)
OUTAGES = scaled(20)
WRITERS = 8
SECONDS = scaled(150)
"""More than all of it takes on a busy machine."""


class Servers:
    """One after the other, on the same port and over the same database."""

    def __init__(self, forker: subprocess.Popen[str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._forker = forker
        self._process = 0

    def start(self) -> None:
        assert self._forker.stdin
        assert self._forker.stdout
        self._forker.stdin.write("\n")
        self._forker.stdin.flush()
        self._process = int(self._forker.stdout.readline())

    def kill(self) -> None:
        os.kill(self._process, SIGKILL)


@contextmanager
def servers_over(database_url: str, log: Path) -> Iterator[Servers]:
    with held_port() as port, forking(database_url, port, log) as forker:
        yield Servers(forker, port)


@contextmanager
def forking(database_url: str, port: int, log: Path) -> Iterator["subprocess.Popen[str]"]:
    settings = {"DATABASE_URL": database_url, "PORT": str(port), "SECRET": SECRET, "LOG_LEVEL": "warning"}
    # It all comes from one address.
    settings |= {"EVENTS_PER_ADDRESS": "off", "EVENTS_PER_SUBJECT": "off"}
    environment = os.environ | {f"VIEWGRAPH_{name}": value for name, value in settings.items()}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    # It takes half as long to load a program that was compiled before.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "tests.crash.forker"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            cwd=log.parent,
            env=environment,
        ) as forker,
    ):
        yield forker


@pytest_asyncio.fixture
async def studio(services: Services, client: httpx.AsyncClient, clock: Clock) -> Studio:
    """In the database that will crash."""
    return await open_studio(services, client, clock)


@pytest_asyncio.fixture
async def world(studio: Studio) -> World:
    """Everything belongs to the one person who writes."""
    signer = Signer([SECRET], lifetime=timedelta(hours=1), issuer="viewgraph", audience="viewgraph")
    admin = studio.people["admin"]
    return World(
        await studio.add_publication("crash-execution", "admin"),
        await add_asset(studio),
        admin.id,
        signer.issue(Claims(admin.row.public_id), datetime.now(UTC)).text,
    )


@pytest.fixture(scope="module")
def durable() -> Iterator[PostgresServer]:
    """Of our own: nobody else's is crashed."""
    with PostgresServer(durable=True) as server:
        yield server


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """With every table and no row."""
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.sqlite3")
        return f"sqlite:///{tmp_path}/test.sqlite3"
    server: PostgresServer = request.getfixturevalue("durable")
    server.create_database("crash")
    asyncio.run(migrations.upgrade(server.url("crash")))
    return server.url("crash")


async def stored_events(database: Database) -> list[NewEvent]:
    """As they came in."""
    async with database.snapshot() as connection:
        rows = await connection.execute(
            select(*EVENTS, DOMAINS.name).outerjoin(table_of(Domain), DOMAINS.id == EVENTS.domain_id)
        )
        return [
            NewEvent(
                row.tenant_id,
                row.id,
                row.subject_id,
                Action(row.action),
                row.occurred_at,
                Device(row.device),
                row.name,
                row.view_id,
                row.user_id,
                row.visitor,
            )
            for row in rows
        ]


async def assert_everything_is_counted_once(studio: Studio, writers: Writers) -> None:
    database = studio.services.database
    events = await stored_events(database)
    assert writers.acknowledged == set(writers.sent)
    assert len(events) == len(writers.sent)
    for event in events:
        sent = writers.sent[event.id]
        assert (event.action.name, event.occurred_at.isoformat()) == (sent["action"], sent["occurredAt"])
    for tenant_id in {event.tenant_id for event in events}:
        own = [event for event in events if event.tenant_id == tenant_id]
        assert await stored(database, tenant_id) == counted(own, "UTC")
        verification = Verification(database, tenant_id, "", FIRST_DAY, AFTER_LAST_DAY)
        assert [line async for line in verification.rows()] == []


def show(capfd: pytest.CaptureFixture[str], text: str, writers: Writers, since: float) -> None:
    figures = (
        f"{len(writers.acknowledged):,} events acknowledged in {perf_counter() - since:.1f} s; "
        f"{writers.retries:,} batches sent again, {writers.duplicates:,} events of them were duplicates; "
        f"refused: {dict(writers.refusals)}"
    )
    with capfd.disabled():
        sys.stderr.write(f"\n{text}: {figures}\n")


@on_sqlite
async def test_a_server_that_is_killed_loses_nothing_and_counts_nothing_twice(
    studio: Studio,
    world: World,
    seed: int,
    database_url: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    random = Random(seed)  # noqa: S311
    with servers_over(database_url, tmp_path / "server.log") as servers:
        servers.start()
        writers = Writers(servers.url, world, seed)
        since = perf_counter()
        async with timeout(SECONDS):
            writers.start(WRITERS)
            for _ in range(KILLS):
                await writers.progress()
                await sleep(random.uniform(0, 0.2))
                servers.kill()
                servers.start()
            await writers.stop()

    show(capfd, f"SQLite, server killed {KILLS} times", writers, since)
    await assert_everything_is_counted_once(studio, writers)
    assert not writers.refusals


@on_postgresql
async def test_a_database_that_crashes_loses_nothing_and_counts_nothing_twice(
    studio: Studio,
    world: World,
    seed: int,
    database_url: str,
    durable: PostgresServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    random = Random(seed)  # noqa: S311
    with servers_over(database_url, tmp_path / "server.log") as servers:
        servers.start()
        writers = Writers(servers.url, world, seed)
        since = perf_counter()
        async with timeout(SECONDS):
            writers.start(WRITERS)
            for _ in range(OUTAGES):
                await writers.progress()
                await sleep(random.uniform(0, 0.3))
                await to_thread(durable.crash)
                await sleep(random.uniform(0, 1))
                await to_thread(durable.restart)
            await writers.stop()

    show(capfd, f"PostgreSQL, crashed {OUTAGES} times", writers, since)
    await assert_everything_is_counted_once(studio, writers)
    assert set(writers.refusals) <= {"UNAVAILABLE"}
