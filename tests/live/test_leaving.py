"""Who does not wait for an answer does not keep others waiting for the database."""

import asyncio
import json
from typing import Any

import pytest

from resolvers.context import Services
from tests.database.slow import PATIENCE, slow_down, until_running
from tests.live.acts import METRICS, URL
from tests.live.served import Served, Socket, served
from tests.server.test_logging import written
from tests.studio import Studio

READERS = 4
SLOW = '{ publication(url: "ai-research-studio") { name } }'
LIKE = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { id } } }"


@pytest.fixture
def services(services: Services) -> Services:
    """With the limit of queries as it is by default: longer than these tests wait for anything."""
    assert services.limits.query_seconds > PATIENCE
    return services


async def expect_healthy(studio: Studio) -> None:
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(
            *(studio.ask("{ viewer { username } }", "owner") for _ in range(2 * READERS))
        )
    assert [answer.data for answer in answers] == [{"viewer": {"username": "owner"}}] * 2 * READERS
    await until_running(studio.services.database, 0)


async def posted(server: Served, token: str, query: str, **variables: str) -> asyncio.StreamWriter:
    """It is sent, and nothing is read of the answer."""
    return await posted_json(server, token, {"query": query, "variables": variables})


async def posted_json(server: Served, token: str, value: Any) -> asyncio.StreamWriter:
    body = json.dumps(value)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n"
        f"accept: application/json, text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body.encode())
    return writer


async def hang_up(writers: list[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in writers))


async def test_a_query_ends_when_its_client_leaves(studio: Studio, services: Services) -> None:
    database = services.database
    await slow_down(database, "publications")
    with written("json") as log:
        async with served(services) as server:
            leaving = [await posted(server, studio.token("stranger"), SLOW) for _ in range(READERS)]
            await until_running(database, READERS)
            await hang_up(leaving)
            await expect_healthy(studio)
    statuses = sorted(json.loads(line)["status"] for line in log.getvalue().splitlines())
    assert statuses == [200] * 2 * READERS + [499] * READERS


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_queries_of_a_list_end_when_their_client_leaves(studio: Studio, services: Services) -> None:
    await slow_down(services.database, "publications")
    async with served(services, max_operations=READERS) as server:
        leaving = await posted_json(server, studio.token("stranger"), [{"query": SLOW}] * READERS)
        await until_running(services.database, READERS)
        await hang_up([leaving])
        await expect_healthy(studio)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_mutation_is_done_although_its_client_leaves(studio: Studio, server: Served) -> None:
    async with studio.services.database.writing():
        leaving = await posted(server, studio.token("owner"), LIKE, p=studio.publication)
        await asyncio.sleep(0.2)
        await hang_up([leaving])
        # Until it is noticed.
        await asyncio.sleep(1)
    async with studio.services.database.writing():
        pass
    assert await studio.count("likes") == 1


@pytest.mark.parametrize("by", ["complete", "disconnect"])
async def test_a_query_ends_when_its_socket_does_not_wait(studio: Studio, server: Served, by: str) -> None:
    database = studio.services.database
    async with server.socket(studio.token("owner")) as socket:
        await slow_down(database, "publications")
        await begin_many(socket, SLOW)
        await until_running(database, READERS)
        if by == "complete":
            await complete_all(socket)
            await expect_healthy(studio)
    await expect_healthy(studio)


@pytest.mark.parametrize("by", ["complete", "disconnect"])
async def test_a_subscription_ends_while_it_reads(studio: Studio, services: Services, by: str) -> None:
    database = studio.services.database
    async with served(services) as server, server.socket(studio.token("owner")) as socket:
        # Not what it begins with, but what its first answer reads.
        await slow_down(database, "follow_totals")
        await begin_many(socket, METRICS, url=URL)
        await until_running(database, READERS)
        if by == "complete":
            await complete_all(socket)
            await expect_healthy(studio)
    await expect_healthy(studio)


async def test_a_stream_ends_while_it_reads(studio: Studio, server: Served) -> None:
    database = studio.services.database
    await slow_down(database, "follow_totals")
    leaving = [await posted(server, studio.token("owner"), METRICS, url=URL) for _ in range(READERS)]
    await until_running(database, READERS)
    await hang_up(leaving)
    await expect_healthy(studio)


async def begin_many(socket: Socket, query: str, **variables: str) -> None:
    for number in range(2 * READERS):
        await socket.subscribe(query, str(number), **variables)


async def complete_all(socket: Socket) -> None:
    for number in range(2 * READERS):
        await socket.send(type="complete", id=str(number))
