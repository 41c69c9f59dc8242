"""Kept answers as the server sends them: in one piece, as any other answer on the same connection."""

from asyncio import open_connection, timeout
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import pytest

from tests.live.served import PATIENCE, Served, served
from tests.server.keeping import kept_of
from tests.server.test_caching import PREFLIGHTED
from tests.server.test_kept import FIGURES, OWN
from tests.server.test_request_scope import written
from tests.studio import Studio

T = TypeVar("T")

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


def shown(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name not in OWN | {"date"}}
    return response.status_code, response.content, headers


async def once_kept(ask: Callable[[], Awaitable[T]], count: int) -> T:
    """What is told when so many answers are kept. The jobs that a server does when it starts write into the
    file for a while.
    """
    async with timeout(PATIENCE):
        while True:
            with written() as lines:
                told = await ask()
            if [line.get("kept") for line in lines()][-count:] == [True] * count:
                return told


async def test_200_304_and_head_come_as_they_were_made(studio: Studio) -> None:
    async with kept_of(studio) as kept, served(kept.services) as server:
        headers = {"authorization": f"Bearer {studio.token('owner')}", "accept-encoding": "gzip"}
        async with httpx.AsyncClient(headers=headers) as client:

            async def asked(method: str, **more: str) -> httpx.Response:
                if method == "POST":
                    return await client.post(server.url, json={"query": FIGURES})
                params = {"query": FIGURES}
                return await client.request(
                    method, server.url, params=params, headers={**PREFLIGHTED, **more}
                )

            async def all_asked() -> list[httpx.Response]:
                made = [await asked("POST"), await asked("GET")]
                tag = made[1].headers["etag"]
                again = [await asked("POST"), await asked("GET"), await asked("HEAD")]
                return [*made, *again, await asked("GET", **{"if-none-match": tag})]

            *made, known = await once_kept(all_asked, 4)
            made, again = made[:2], made[2:]
            assert [shown(one) for one in again[:2]] == [shown(one) for one in made]
            assert shown(again[2]) == (200, b"", shown(made[1])[2])
            assert (known.status_code, known.content) == (304, b"")
            assert all("server-timing" in one.headers and "x-request-id" in one.headers for one in again)


async def exchanged(server: Served) -> bytes:
    """What comes for three requests that are sent at once, of which the last one ends the connection."""
    body = b'{"query": "{ limits { maxCost } }"}'
    request = (
        b"POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n%b\r\n%b"
    )
    last = b"Connection: close\r\n"
    reader, writer = await open_connection("127.0.0.1", server.port)
    writer.write(2 * (request % (len(body), b"", body)) + request % (len(body), last, body))
    read = await reader.read()
    writer.close()
    return read


async def test_requests_that_come_together_are_answered_in_turn(studio: Studio) -> None:
    async with kept_of(studio) as kept, served(kept.services) as server:
        read = await once_kept(lambda: exchanged(server), 3)

    assert read.count(b"HTTP/1.1 200 OK") == 3
    assert read.count(b"connection: close") == 1
