"""Services that answer by plans."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from resolvers.context import Services
from server.services import close_services
from tests.studio import Clock, services_for


@pytest_asyncio.fixture
async def services(database_url: str, clock: Clock) -> AsyncIterator[Services]:
    services = replace(services_for(database_url, clock), plans_queries=True)
    yield services
    await close_services(services)
