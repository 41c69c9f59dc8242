"""Two processes with one database, each of which hears what the other commits."""

from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
import pytest_asyncio

from auth.viewer_cache import ViewerCache
from ingest.freshness import changes_of, freshness_of
from loaders.remembered_rights import RememberedRights
from resolvers.context import Services
from server.services import close_services
from tests.conftest import client_of
from tests.studio import Studio, services_for


def remembering(services: Services) -> Services:
    services.database.commits.on_commit.append(services.topics.tell)
    freshness = freshness_of(services.database, services.topics)
    mark = partial(changes_of, freshness)
    return replace(
        services,
        freshness=freshness,
        keeps_answers=False,
        viewer_cache=ViewerCache(mark),
        rights=RememberedRights(mark),
    )


@asynccontextmanager
async def process_of(studio: Studio, services: Services) -> AsyncIterator[Studio]:
    """The studio as a process has it that hears the others."""
    services = remembering(services)
    assert services.freshness
    async with client_of(services) as client, services.topics.listening():
        while services.freshness.marks() is None:  # noqa: ASYNC110
            await sleep(0.01)
        yield replace(studio, services=services, client=client)
    services.freshness.close()


@pytest_asyncio.fixture
async def here(studio: Studio) -> AsyncIterator[Studio]:
    async with process_of(studio, studio.services) as here:
        yield here


@pytest_asyncio.fixture
async def there(studio: Studio, database_url: str) -> AsyncIterator[Studio]:
    """Another process with the same database."""
    services = services_for(database_url, studio.clock)
    async with process_of(studio, services) as there:
        yield there
    await close_services(services)


@pytest.fixture(params=["in this process", "in another one"])
def changing(request: pytest.FixtureRequest, here: Studio, there: Studio) -> Studio:
    """Where the change is made."""
    return here if request.param == "in this process" else there
