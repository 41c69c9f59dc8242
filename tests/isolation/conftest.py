import pytest

from tests.isolation.world import World, made_world
from tests.studio import Studio


@pytest.fixture
async def world(studio: Studio) -> World:
    return await made_world(studio)
