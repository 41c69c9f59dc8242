"""Answers that are made for a request, as the server sends them: in one piece, if they can be."""

from asyncio import open_connection

import httpx
import pytest

from tests.live.served import Served, served
from tests.server.test_caching import PREFLIGHTED
from tests.studio import Studio

QUERY = "{ limits { maxCost maxPageSize } }"
OWN = {"x-request-id", "server-timing", "date", "server"}

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


def shown(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    return (
        response.status_code,
        response.content,
        {name: value for name, value in response.headers.items() if name not in OWN},
    )


async def asked(client: httpx.AsyncClient, url: str) -> list[httpx.Response]:
    client.headers["x-request-id"] = "one"
    reading = {"params": {"query": QUERY}, "headers": PREFLIGHTED}
    made = await client.get(url, **reading)  # type: ignore[arg-type]
    known = {**PREFLIGHTED, "if-none-match": made.headers["etag"]}
    return [
        made,
        await client.post(url, json={"query": QUERY}),
        await client.post(url, json={"query": "{ nothing }"}),
        await client.post(url, content=b"no JSON"),
        await client.head(url, **reading),  # type: ignore[arg-type]
        await client.get(url, params={"query": QUERY}, headers=known),
        await client.put(url, json={"query": QUERY}),
    ]


async def test_answers_come_with_the_bytes_and_headers_that_the_application_gives(studio: Studio) -> None:
    async with served(studio.services) as server, httpx.AsyncClient() as client:
        over_the_wire = await asked(client, server.url)
    by_the_application = await asked(studio.client, "/graphql")
    assert [shown(one) for one in over_the_wire] == [shown(one) for one in by_the_application]
    assert [one.status_code for one in over_the_wire] == [200, 200, 200, 415, 200, 304, 405]
    assert all("date" in one.headers and "x-request-id" in one.headers for one in over_the_wire)


async def exchanged(server: Served, requests: bytes) -> bytes:
    reader, writer = await open_connection("127.0.0.1", server.port)
    writer.write(requests)
    read = await reader.read()
    writer.close()
    return read


async def test_the_last_of_several_requests_ends_the_connection(studio: Studio) -> None:
    body = b'{"query": "{ limits { maxCost } }"}'
    request = (
        b"POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n%b\r\n%b"
    )
    async with served(studio.services) as server:
        asked = 2 * (request % (len(body), b"", body))
        read = await exchanged(server, asked + request % (len(body), b"Connection: close\r\n", body))
    assert read.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert read.count(b'{"data":{"limits":{"maxCost":') == 3
    assert read.lower().count(b"connection: close\r\n") == 1
