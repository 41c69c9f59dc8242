"""Limits of connections, over plain sockets: what is too much or too slow is told, and the next one works."""

import json
import logging
import socket
from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from time import monotonic
from typing import Any, NamedTuple

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from resolvers.context import Services
from tests.live.served import PATIENCE, Served, served

QUERY = b'{"query": "{ __typename }"}'
ANSWER = {"data": {"__typename": "Query"}}
only_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
pytestmark = only_sqlite


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any
    is_ended: bool
    """Whether the server ended the connection."""


class Wire:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = b""

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def reply(self) -> Reply:
        """The next one, and whether it is the last."""
        while b"\r\n\r\n" not in self._read:
            self._read += self._received()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        while len(self._read) < length:
            self._read += self._received()
        body, self._read = self._read[:length], self._read[length:]
        is_ended = headers.get("connection") == "close" and self._connection.recv(1) == b""
        return Reply(int(first.split()[1]), headers, json.loads(body) if body else None, is_ended)

    def is_ended(self) -> bool:
        try:
            return self._connection.recv(1) == b""
        except ConnectionError:
            return True

    def _received(self) -> bytes:
        data = self._connection.recv(65_536)
        assert data, "the server ended it without a word"
        return data


@contextmanager
def wire(server: Served, source: str = "127.0.0.1") -> Iterator[Wire]:
    with socket.create_connection(
        ("127.0.0.1", server.port), timeout=PATIENCE, source_address=(source, 0)
    ) as connection:
        yield Wire(connection)


def posted(body: bytes, *headers: str, path: str = "/graphql", length: int | None = None) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: test",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def limited(
    services: Services, caplog: pytest.LogCaptureFixture, **settings: Any
) -> AsyncIterator[Served]:
    """Afterwards it answers as ever, and the log has no trace."""
    async with served(services, **settings) as server:
        yield server
        async with httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{server.port}/graphql"
            assert (await client.post(url, content=QUERY, headers=_JSON)).json() == ANSWER
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []


_JSON = {"content-type": "application/json"}


def told(reply: Reply) -> tuple[int, str, str | None, bool]:
    return reply.status, reply.body["code"], reply.headers.get("retry-after"), reply.is_ended


async def test_headers_that_do_not_come_in_time_are_408(services: Services, caplog: Any) -> None:
    async with limited(services, caplog, max_header_seconds=1) as server:

        def slow() -> Reply:
            with wire(server) as connection:
                connection.send(b"POST /graphql HTTP/1.1\r\nHost: te")
                return connection.reply()

        reply = await to_thread(slow)
        assert told(reply) == (408, "BAD_REQUEST", None, True)
        assert reply.body["message"] == "The headers did not come within 1 seconds."


async def test_a_connection_on_which_nothing_comes_is_ended(services: Services, caplog: Any) -> None:
    async with limited(services, caplog, max_header_seconds=1, keep_alive_seconds=1) as server:

        def silent() -> bool:
            with wire(server) as connection:
                return connection.is_ended()

        def kept() -> bool:
            with wire(server) as connection:
                connection.send(posted(QUERY))
                assert connection.reply().body == ANSWER
                return connection.is_ended()

        assert await to_thread(silent)
        assert await to_thread(kept)


@pytest.mark.parametrize("path", ["/graphql", "/collect"])
async def test_a_body_that_does_not_come_in_time_is_408(services: Services, caplog: Any, path: str) -> None:
    async with limited(services, caplog, max_body_seconds=1) as server:

        def slow() -> Reply:
            with wire(server) as connection:
                connection.send(posted(b"{", path=path, length=100))
                return connection.reply()

        reply = await to_thread(slow)
        assert (reply.status, reply.headers["connection"], reply.is_ended) == (408, "close", True)


async def test_headers_that_are_too_long_or_too_many_are_431(services: Services, caplog: Any) -> None:
    async with limited(services, caplog, max_header_bytes=2_000, max_headers=20) as server:
        long = posted(QUERY, f"X-Long: {'a' * 2_000}")
        endless = b"GET /" + b"a" * 3_000
        many = posted(QUERY, *[f"X-{number}: 1" for number in range(20)])

        def sent(data: bytes) -> Reply:
            with wire(server) as connection:
                connection.send(data)
                return connection.reply()

        for data in (long, endless, many):
            assert told(await to_thread(sent, data)) == (431, "BAD_REQUEST", None, True)


@pytest.mark.parametrize(("path", "most"), [("/graphql", 10_000), ("/collect", 1_000_000)])
async def test_a_length_over_the_limit_is_413_before_anything_is_sent(
    services: Services, caplog: Any, path: str, most: int
) -> None:
    async with limited(services, caplog, max_body_bytes=10_000) as server:

        def announced(*headers: str) -> Reply:
            with wire(server) as connection:
                connection.send(posted(b"", *headers, path=path, length=most + 1))
                return connection.reply()

        for headers in ([], ["Expect: 100-continue"]):
            reply = await to_thread(announced, *headers)
            # Not 100, which would invite it.
            assert (reply.status, reply.is_ended) == (413, True)


async def test_a_body_that_fits_is_invited(services: Services, caplog: Any) -> None:
    async with limited(services, caplog) as server:

        def expected() -> tuple[Reply, Reply]:
            with wire(server) as connection:
                connection.send(posted(b"", "Expect: 100-continue", length=len(QUERY)))
                invited = connection.reply()
                connection.send(QUERY)
                return invited, connection.reply()

        invited, answered = await to_thread(expected)
        assert (invited.status, answered.body) == (100, ANSWER)


async def test_another_protocol_that_is_suggested_is_passed_over(services: Services, caplog: Any) -> None:
    """As curl and Java's HttpClient do, which would like HTTP/2."""
    async with limited(services, caplog) as server:
        h2c = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")

        def asked() -> list[Any]:
            with wire(server) as connection:
                connection.send(posted(QUERY, *h2c))
                first = connection.reply()
                connection.send(posted(QUERY, *h2c))
                connection.send(posted(QUERY))
                return [first.body, connection.reply().body, connection.reply().body]

        assert await to_thread(asked) == [ANSWER] * 3


async def test_a_request_without_a_host_is_400(services: Services, caplog: Any) -> None:
    async with limited(services, caplog) as server:

        def asked(headers: bytes, version: bytes = b"1.1") -> int:
            with wire(server) as connection:
                connection.send(b"GET /livez HTTP/%b\r\n%b\r\n" % (version, headers))
                return connection.reply().status

        assert await to_thread(asked, b"") == 400
        assert await to_thread(asked, b"Host: a\r\nHost: b\r\n") == 400
        assert await to_thread(asked, b"Host: a\r\n") == 200
        assert await to_thread(asked, b"", b"1.0") == 200


async def test_one_address_has_so_many_connections_and_others_are_let_in(
    services: Services, caplog: Any
) -> None:
    # No proxy is believed: a proxy's own address speaks for many.
    async with limited(services, caplog, max_connections_per_address=3, forwarded_allow_ips="") as server:

        def crowd() -> tuple[Reply, Reply]:
            with ExitStack() as stack:
                for _ in range(3):
                    held = stack.enter_context(wire(server))
                    held.send(posted(QUERY))
                    assert held.reply().body == ANSWER
                refused = stack.enter_context(wire(server))
                other = stack.enter_context(wire(server, "127.0.0.2"))
                other.send(posted(QUERY))
                return refused.reply(), other.reply()

        refused, other = await to_thread(crowd)
        assert told(refused) == (429, "THROTTLED", "10", True)
        assert refused.body["message"] == (
            "At most 3 connections from one address at a time. End another one first."
        )
        assert other.body == ANSWER


async def test_a_worker_that_has_enough_connections_still_tells_how_it_is(
    services: Services, caplog: Any
) -> None:
    async with limited(services, caplog, max_connections=3) as server:

        def crowd() -> tuple[Reply, Reply]:
            with ExitStack() as stack:
                for _ in range(3):
                    held = stack.enter_context(wire(server))
                    held.send(posted(QUERY))
                    assert held.reply().body == ANSWER
                refused = stack.enter_context(wire(server))
                refused.send(posted(QUERY))
                health = stack.enter_context(wire(server))
                health.send(b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n")
                return refused.reply(), health.reply()

        refused, health = await to_thread(crowd)
        assert told(refused) == (503, "UNAVAILABLE", "10", True)
        assert (health.status, health.body) == (200, {"status": "live"})


async def test_one_address_has_so_many_websockets(services: Services, caplog: Any) -> None:
    async with limited(services, caplog, max_sockets_per_address=2) as server:
        async with server.socket() as first, server.socket():
            with pytest.raises(InvalidStatus) as refused:
                async with server.socket():
                    pass
            await first.send(type="ping")
            assert (await first.receive())["type"] == "pong"
        response = refused.value.response
        assert response.status_code == 429
        assert json.loads(response.body)["code"] == "THROTTLED"
        async with server.socket() as again:
            await again.send(type="ping")
            assert (await again.receive())["type"] == "pong"


async def test_frames_of_websockets_are_not_compressed(services: Services, caplog: Any) -> None:
    async with limited(services, caplog) as server, server.socket() as socket:
        assert socket.connection.protocol.extensions == []


async def test_however_many_requests_are_sent_at_once_each_is_answered(
    services: Services, caplog: Any
) -> None:
    async with limited(services, caplog) as server:

        def piled() -> list[Any]:
            with wire(server) as connection:
                connection.send(posted(QUERY) * 100)
                return [connection.reply().body for _ in range(100)]

        assert await to_thread(piled) == [ANSWER] * 100


async def test_who_reads_nothing_loses_the_connection(services: Services, caplog: Any) -> None:
    """Then there is room for another one."""
    bounds = {"max_connections_per_address": 1, "forwarded_allow_ips": "", "max_unread_seconds": 1}
    async with limited(services, caplog, **bounds) as server:

        def asked() -> int:
            with wire(server) as connection:
                connection.send(posted(QUERY, "Connection: close"))
                return connection.reply().status

        def statuses() -> set[int]:
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                deaf.settimeout(PATIENCE)
                deaf.connect(("127.0.0.1", server.port))
                # Some megabytes of answers, of which none is read.
                deaf.sendall(posted(json.dumps({"query": _TYPES}).encode()) * 400)
                found = {asked()}
                began = monotonic()
                while 200 not in found and monotonic() - began < PATIENCE:
                    found.add(asked())
                return found

        assert await to_thread(statuses) == {429, 200}


_TYPES = "{ __schema { types { name description fields { name description } } } }"
