"""Services without plans: these tests see what loaders read by themselves, and what is kept of it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from resolvers.context import Services
from server.services import close_services
from tests.studio import Clock, services_for


@pytest_asyncio.fixture
async def services(database_url: str, clock: Clock) -> AsyncIterator[Services]:
    services = replace(services_for(database_url, clock), plans_after=None)
    yield services
    await close_services(services)
