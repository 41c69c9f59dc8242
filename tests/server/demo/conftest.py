"""The demo, filled once for each engine."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from base.ids import Kind, global_id
from models import User
from server.demo.population import populate
from server.services import close_services
from tests.postgres import PostgresServer
from tests.resolvers.figures import contents
from tests.studio import START as NOW
from tests.studio import Clock, Person, Studio, services_for

FIRST_DAY = datetime(2022, 6, 15, tzinfo=UTC)
END = datetime(2023, 6, 15, tzinfo=UTC)
LATER_THAT_DAY = datetime(2023, 6, 15, 23, 59, 59, tzinfo=UTC)

Rows = dict[str, set[Any]]


class Demo(NamedTuple):
    url: str
    rows: Rows
    """Of every table, as they are in the database."""


def played(url: str, now: datetime) -> Demo:
    async def play() -> Rows:
        services = services_for(url, Clock())
        try:
            await populate(services, now)
            return await contents(services.database)
        finally:
            await close_services(services)

    return Demo(url, asyncio.run(play()))


@pytest.fixture(scope="session")
def sqlite_demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    file = tmp_path_factory.mktemp("demo") / "demo.sqlite3"
    shutil.copy(sqlite_template, file)
    return played(f"sqlite:///{file}", NOW)


@pytest.fixture(scope="session")
def postgresql_demo(postgres: PostgresServer, postgres_template: str) -> Iterator[Demo]:
    name = f"viewgraph_demo_{uuid4().hex}"
    postgres.create_database(name, postgres_template)
    yield played(postgres.url(name), LATER_THAT_DAY)
    postgres.drop_database(name)


@pytest.fixture
def demo(engine: str, request: pytest.FixtureRequest) -> Demo:
    played: Demo = request.getfixturevalue(f"{engine}_demo")
    return played


@pytest.fixture
def database_url(demo: Demo) -> str:
    """Takes the place of a database of the test's own: these tests only read."""
    return demo.url


@pytest.fixture
def studio(demo: Demo, services: Any, client: Any, clock: Clock) -> Studio:
    """The demo's people; the clock shows the moment at which the demo ends."""
    studio = Studio(services, client, clock)
    for row in demo.rows["users"]:
        user = User(**row._mapping)
        studio.people[user.username] = Person(user, global_id(Kind.USER, user.public_id))
    return studio
