"""Studios whose answers are kept."""

from asyncio import sleep, timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ingest.freshness import Marks, freshness_of
from loaders.figure_cache import FigureCache
from resolvers.context import Services
from tests.conftest import client_of
from tests.studio import Studio

_PATIENCE = 10
_SECONDS = 0.002
"""After so long it is known what another process has written into a file."""


def keeping(services: Services) -> Services:
    """Services that keep answers. What is read for them is not kept beside them."""
    figures = FigureCache(seconds=0)
    freshness = freshness_of(services.database, services.topics)
    return replace(services, figure_cache=figures, freshness=freshness)


def telling(services: Services) -> Services:
    """Services that tell other processes what they commit."""
    services.database.commits.on_commit.append(services.topics.tell)
    return services


@asynccontextmanager
async def kept_of(studio: Studio) -> AsyncIterator[Studio]:
    """The studio as a process has it that keeps answers, while it hears the others."""
    services = keeping(telling(studio.services))
    assert services.freshness
    async with client_of(services) as client, services.topics.listening():
        while services.freshness.marks() is None:  # noqa: ASYNC110
            await sleep(0.01)
        yield replace(studio, services=services, client=client)
    services.freshness.close()


def marks(studio: Studio) -> Marks | None:
    assert studio.services.freshness
    return studio.services.freshness.marks()


async def heard(studio: Studio, before: Marks | None) -> None:
    """Waits until the studio has learnt what another process committed."""
    await sleep(_SECONDS)
    if studio.services.database.dialect_name == "sqlite":
        return
    async with timeout(_PATIENCE):
        while marks(studio) == before:  # noqa: ASYNC110
            await sleep(_SECONDS)
