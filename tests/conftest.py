"""Real databases of both engines, an application over them, and a studio to ask about."""

import asyncio
import gc
import logging
import os
import shutil
import zoneinfo
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from loaders.ahead import _elsewhere
from resolvers.context import Services
from server import migrations
from server.app import create_app
from server.services import close_services
from server.settings import Settings
from tests.commands import remove_settings
from tests.distribution.sent import collected
from tests.postgres import PostgresServer
from tests.server.program import Program
from tests.shared import shared_folder
from tests.studio import Clock, Studio, open_studio, services_for

# How long an example takes says how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# What tests count by hand is by the rules of tzdata too, whatever this machine has.
zoneinfo.reset_tzpath(to=())

# To load the certificates that this machine trusts takes each client 30 ms. Nobody here is asked by HTTPS.
pytest.MonkeyPatch().setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))

_SETTINGS = Settings()
_LOGGERS = ("", "viewgraph", "viewgraph.requests", "uvicorn", "uvicorn.access", "uvicorn.error")


_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM = 4 << 30
"""Bytes that all temporary files of a run have room in."""


def pytest_configure() -> None:
    """Databases of tests wait for no disk, where there is room in memory for them."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded stays, so Python need not look through it for garbage, neither now nor after each test.
    What tests make is looked through less often than usual.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def statements_keep_the_rules() -> Iterator[None]:
    """What a worker has sent to PostgreSQL lets Citus run it. This fails when the worker is done."""
    with collected() as sent:
        yield
    assert not (broken := sent.broken()), "\n".join(broken)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that serves says how the whole process logs; the next test is another process."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger.level, logger.propagate, logger.handlers[:], logger.filters[:]) for logger in loggers]
    yield
    for logger, kept in zip(loggers, before, strict=True):
        logger.level, logger.propagate, logger.handlers[:], logger.filters[:] = kept
        logger.setLevel(logger.level)  # Which forgets what was found to be enabled.


class Furnished(NamedTuple):
    """A database with a studio in it: tests get a copy of it."""

    name: str
    """Of the database; on SQLite the path of the file."""
    studio: Studio
    """The one that was opened there. Its services are closed."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file: tests get a copy of it."""
    file = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    asyncio.run(migrations.upgrade(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def sqlite_studio(sqlite_template: Path) -> Furnished:
    file = shutil.copy(sqlite_template, sqlite_template.with_name("studio.sqlite3"))
    return Furnished(str(file), asyncio.run(_furnish(f"sqlite:///{file}")))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> Iterator[str]:
    """The name of a migrated database: tests get a copy of it."""
    name = f"viewgraph_{uuid4().hex}"
    postgres.create_database(name)
    asyncio.run(migrations.upgrade(postgres.url(name)))
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def postgres_studio(postgres: PostgresServer, postgres_template: str) -> Iterator[Furnished]:
    name = f"viewgraph_{uuid4().hex}"
    postgres.create_database(name, postgres_template)
    yield Furnished(name, asyncio.run(_furnish(postgres.url(name))))
    postgres.drop_database(name)


async def _furnish(database_url: str) -> Studio:
    clock = Clock()
    services = services_for(database_url, clock)
    async with client_of(services) as client:
        studio = await open_studio(services, client, clock)
    await close_services(services)
    return studio


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of `viewgraph demo`, which takes seconds to fill them: to be copied."""
    with shared_folder(tmp_path_factory, "demo", _start_demo) as folder:
        yield folder


def _start_demo(folder: Path) -> None:
    with Program("demo", folder=folder):
        pass


@pytest.fixture(scope="module")
def demo(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """It serves a demo of the module's own."""
    folder = tmp_path_factory.mktemp("newcomer")
    for file in demo_folder.glob("viewgraph-demo.*"):
        shutil.copy(file, folder)
    with Program("demo", folder=folder) as program:
        yield program


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Whatever needs a database is tested on both."""
    name: str = request.param
    return name


@pytest.fixture
def furnished(engine: str, request: pytest.FixtureRequest) -> Furnished | None:
    """What to copy for a test that asks for a studio."""
    if "studio" not in request.fixturenames:
        return None
    found: Furnished = request.getfixturevalue("sqlite_studio" if engine == "sqlite" else "postgres_studio")
    return found


@pytest.fixture
def database_url(
    engine: str, furnished: Furnished | None, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A database of the test's own, with every table; and no row, unless it asks for a studio."""
    # What is remembered of a row is not true of the row of the same name in another database.
    _elsewhere.clear()
    if engine == "sqlite":
        file = tmp_path / "test.sqlite3"
        shutil.copy(furnished.name if furnished else request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"viewgraph_{uuid4().hex}"
    server.create_database(
        name, furnished.name if furnished else request.getfixturevalue("postgres_template")
    )
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def empty_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database in which there is nothing; for SQLite, not even its file."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"viewgraph_{uuid4().hex}"
    server.create_database(name)
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def bare_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a command runs, without any setting."""
    remove_settings(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def services(database_url: str, clock: Clock) -> AsyncIterator[Services]:
    services = services_for(database_url, clock)
    yield services
    await close_services(services)


@pytest_asyncio.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services) as client:
        yield client


@asynccontextmanager
async def client_of(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(_SETTINGS, services)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def studio(services: Services, client: httpx.AsyncClient, clock: Clock, furnished: Furnished) -> Studio:
    """An owner, a co-creator, a stranger, an admin and a member, and what belongs to them."""
    return replace(
        furnished.studio,
        services=services,
        client=client,
        clock=clock,
        people=dict(furnished.studio.people),
        workspaces=list(furnished.studio.workspaces),
    )
