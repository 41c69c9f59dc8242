"""A query that takes too long is given up; what writes is not."""

import time
from asyncio import gather, wait_for
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import httpx
import pytest

from resolvers.context import Limits
from server.app import create_app
from server.settings import Settings
from tests.database.slow import PATIENCE, slow_down, until_running
from tests.studio import Studio

NAME = '{ publication(url: "ai-research-studio") { name } }'
VIEWER = "{ viewer { username } }"
LIKE = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { id } } }"


@asynccontextmanager
async def hurried(studio: Studio, seconds: float = 0.2) -> AsyncIterator[Studio]:
    services = replace(studio.services, limits=Limits(query_seconds=seconds))
    transport = httpx.ASGITransport(create_app(Settings(), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield replace(studio, services=services, client=client)


@contextmanager
def dawdling(studio: Studio) -> Iterator[None]:
    """Each statement takes longer than a query may."""
    seconds = studio.services.limits.query_seconds
    with studio.services.database.observed(lambda _: time.sleep(1.1 * seconds)):
        yield


async def test_a_query_that_takes_too_long_is_given_up_and_the_next_is_answered(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    # Long enough for a query on which nobody dawdles, however busy the machine.
    async with hurried(studio, 1) as busy:
        with dawdling(busy):
            by_post = await busy.ask(NAME)
            by_get = await busy.client.get(
                "/graphql", params={"query": NAME}, headers={"graphql-require-preflight": "1"}
            )
        after = await busy.ask(NAME)

    assert (by_post.status, by_post.extensions) == (503, {"code": "TIMEOUT"})
    assert by_post.body["errors"][0]["message"] == "The query took longer than 1 seconds."
    assert (by_get.status_code, by_get.json()["errors"][0]["extensions"]["code"]) == (503, "TIMEOUT")
    assert by_get.headers["cache-control"] == "no-store"
    assert after.data == {"publication": {"name": "Ai Research Studio"}}
    assert caplog.records == []


async def test_what_writes_is_waited_for(studio: Studio) -> None:
    async with hurried(studio) as busy:
        with dawdling(busy):
            liked = await busy.ask(LIKE, "owner", p=busy.publication)

    assert liked.data == {"likePublication": {"publication": {"id": studio.publication}}}
    assert await studio.count("likes") == 1


async def test_slow_queries_hold_up_nobody_once_they_are_given_up(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    """More than there are connections for reading."""
    await slow_down(studio.services.database, "publications")
    async with hurried(studio) as busy:
        given_up = await gather(*(busy.ask(NAME) for _ in range(6)))
        healthy = await wait_for(gather(*(busy.ask(VIEWER, "owner") for _ in range(4))), PATIENCE)

    assert [answer.extensions for answer in given_up] == [{"code": "TIMEOUT"}] * 6
    assert [answer.data for answer in healthy] == [{"viewer": {"username": "owner"}}] * 4
    await until_running(studio.services.database, 0)
    assert caplog.records == []


async def test_what_stands_beside_a_field_that_failed_is_given_up_like_anything_else(studio: Studio) -> None:
    """A null answer waits for it: of several errors, the first in the order of the answer counts."""
    await slow_down(studio.services.database, "publications")
    failing = '{ publication(url: "ai-research-studio") { name } nodes(ids: $ids) { id } }'
    async with hurried(studio) as busy:
        asking = (busy.ask(f"query($ids: [ID!]!) {failing}", ids=["x"] * 101) for _ in range(6))
        given_up = await wait_for(gather(*asking), PATIENCE)
        healthy = await wait_for(gather(*(busy.ask(VIEWER, "owner") for _ in range(4))), PATIENCE)

    assert [answer.extensions for answer in given_up] == [{"code": "TIMEOUT"}] * 6
    assert [answer.data for answer in healthy] == [{"viewer": {"username": "owner"}}] * 4
    await until_running(studio.services.database, 0)
