from collections.abc import AsyncIterator

import pytest_asyncio

from tests.live.served import Served, served
from tests.studio import Studio


@pytest_asyncio.fixture
async def server(studio: Studio) -> AsyncIterator[Served]:
    async with served(studio.services) as server:
        yield server
