"""Answers that are kept: the same bytes without executing, for exactly who may have them, while they hold."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from ingest.freshness import freshness_of
from resolvers.context import Services
from tests.conftest import client_of
from tests.server.test_caching import PUBLIC, post
from tests.server.test_request_scope import written
from tests.studio import Studio


def keeping(services: Services) -> Services:
    """Services that keep answers, and tell others what they commit."""
    services.database.commits.on_commit.append(services.topics.tell)
    return replace(services, freshness=freshness_of(services.database, services.topics))


@pytest_asyncio.fixture
async def kept(studio: Studio) -> AsyncIterator[Studio]:
    """The studio, where answers are kept."""
    services = keeping(studio.services)
    assert services.freshness
    async with client_of(services) as client, services.topics.listening():
        if services.database.dialect_name == "postgresql":
            while services.freshness.marks() is None:
                from asyncio import sleep

                await sleep(0.01)
        yield replace(studio, services=services, client=client)
    services.freshness.close()


async def test_what_was_answered_once_is_answered_without_a_statement(kept: Studio) -> None:
    first = await post(kept, PUBLIC)
    with kept.statements() as statements, written() as lines:
        again = await post(kept, PUBLIC)

    assert again.content == first.content
    assert statements == []
    assert [line["kept"] for line in lines()] == [True]
