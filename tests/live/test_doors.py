"""Limits of connections, over plain sockets: what is too much or too slow is told, and the next one works."""

import asyncio
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
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from resolvers.context import Services
from tests.live.acts import URL, on_publication
from tests.live.served import PATIENCE, PROTOCOL, Served, Socket, served
from tests.studio import Studio

QUERY = b'{"query": "{ __typename }"}'
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"
)
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

    def frame(self) -> bytes:
        """What the next one of a WebSocket holds, of up to 125 bytes."""
        while len(self._read) < 2 or len(self._read) < 2 + self._read[1]:
            self._read += self._received()
        return self._read[2 : 2 + self._read[1]]

    def status(self) -> int:
        """Of the next reply, of which the rest is left."""
        while b"\r\n" not in self._read:
            self._read += self._received()
        return int(self._read.split()[1])

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


async def test_however_many_suggest_another_protocol_at_once_each_is_answered(
    services: Services, caplog: Any
) -> None:
    async with limited(services, caplog) as server:
        suggested = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

        def asked() -> set[int]:
            with wire(server) as connection:
                connection.send(suggested * 1_500)
                return {connection.reply().status for _ in range(1_500)}

        assert await to_thread(asked) == {200}


async def test_what_is_no_handshake_is_400(services: Services, caplog: Any) -> None:
    async with limited(services, caplog) as server:

        def asked(request: bytes) -> Reply:
            with wire(server) as connection:
                connection.send(request)
                return connection.reply()

        def status(request: bytes) -> int:
            with wire(server) as connection:
                connection.send(request)
                return connection.status()

        with_body = await to_thread(asked, HANDSHAKE + b"Content-Length: 2\r\n\r\n{}")
        assert told(with_body) == (400, "BAD_REQUEST", None, True)
        assert await to_thread(status, HANDSHAKE + b"Sec-WebSocket-Version: 7\r\n\r\n") == 400
        assert await to_thread(status, HANDSHAKE + b"X-Long: " + b"a" * 9_000 + b"\r\n\r\n") == 431
        # By POST it is no handshake at all.
        posted_ = posted(QUERY, "Connection: Upgrade", "Upgrade: websocket")
        assert (await to_thread(asked, posted_)).body == ANSWER


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007, b"Invalid UTF-8"),
        (b"\x01\x81\0\0\0\0{", 1008, b"The message did not come in time"),
    ],
)
async def test_a_message_that_cannot_be_read_closes_a_websocket(
    services: Services, caplog: Any, frame: bytes, code: int, reason: bytes
) -> None:
    async with limited(services, caplog, max_body_seconds=1) as server:

        def sent() -> bytes:
            with wire(server) as connection:
                connection.send(HANDSHAKE + b"Sec-WebSocket-Version: 13\r\n\r\n")
                assert connection.reply().status == 101
                connection.send(frame)
                return connection.frame()

        assert await to_thread(sent) == code.to_bytes(2) + reason


async def test_too_many_messages_at_once_close_a_websocket(services: Services, caplog: Any) -> None:
    async with limited(services, caplog) as server:

        def sent() -> bytes:
            with wire(server) as connection:
                connection.send(HANDSHAKE + b"Sec-WebSocket-Version: 13\r\n\r\n")
                assert connection.reply().status == 101
                connection.send(b"\x81\x80\0\0\0\0" * 5_000)
                return connection.frame()

        # What is empty is no message either, and may be found first.
        assert (await to_thread(sent))[:2] in ((1008).to_bytes(2), (4400).to_bytes(2))


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


async def test_through_a_proxy_each_address_has_so_many_requests(services: Services, caplog: Any) -> None:
    """Its own connections are not limited: it speaks for many."""
    streamed = json.dumps({"query": "subscription { publicationMetricsChanged(url: %s) { name } }"})
    body = (streamed % '\\"ai-research-studio\\"').encode()
    async with limited(services, caplog, max_connections_per_address=1) as server:

        def status(stack: ExitStack, address: str, body: bytes = QUERY) -> int:
            connection = stack.enter_context(wire(server))
            headers = "Accept: text/event-stream, application/json", f"X-Forwarded-For: {address}"
            connection.send(posted(body, *headers))
            return connection.status()

        def crowd() -> list[int]:
            with ExitStack() as stack:
                return [
                    status(stack, "2001:db8:1:2::1", body),
                    status(stack, "2001:db8:1:2:ffff::9"),
                    status(stack, "2001:db8:1:3::1"),
                    status(stack, "192.0.2.1"),
                    status(stack, "::ffff:192.0.2.1"),
                ]

        assert await to_thread(crowd) == [200, 429, 200, 200, 200]


@asynccontextmanager
async def slow_socket(server: Served, token: str) -> AsyncIterator[Socket]:
    """Acknowledged. It takes in next to nothing that is not read."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    small.connect(("127.0.0.1", server.port))
    async with connect(
        server.socket_url, sock=small, subprotocols=[PROTOCOL], proxy=None, max_queue=1
    ) as connection:
        slow = Socket(connection)
        await slow.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert await slow.receive() == {"type": "connection_ack"}
        yield slow


async def test_answers_that_nobody_reads_do_not_pile_up_on_a_websocket(
    studio: Studio, services: Services, caplog: Any
) -> None:
    update = "mutation($i: UpdatePublicationInput!) { updatePublication(input: $i) { publication { id } } }"
    assert (await studio.ask(update, "owner", i={"id": studio.publication, "name": "x" * 200})).data
    async with (
        # More than the system takes from the server before anybody reads.
        limited(services, caplog, max_unread_bytes=1_000) as server,
        slow_socket(server, studio.token("owner")) as slow,
    ):
        for number in range(MANY):
            await slow.subscribe(_LARGE, str(number))
            await slow.next(str(number))
        await on_publication(studio, "like")
        # Time to make them, of which nobody tells when it is over.
        await asyncio.sleep(3)
        types = set()
        for _ in range(MANY):
            message = await slow.receive()
            types.add(message["type"])
            if message["type"] == "error":
                assert message["payload"][0]["extensions"]["code"] == "THROTTLED"
        assert types == {"next", "error"}
        await slow.send(type="ping")
        assert await slow.receive() == {"type": "pong"}


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


@pytest.mark.parametrize("proxies", ["127.0.0.1", ""], ids=["behind a proxy", "without a proxy"])
async def test_one_address_has_so_many_websockets(services: Services, caplog: Any, proxies: str) -> None:
    """Without a proxy, the connection itself is refused, before the application is called."""
    async with limited(services, caplog, max_sockets_per_address=2, forwarded_allow_ips=proxies) as server:
        async with server.socket() as first, server.socket():
            with pytest.raises(InvalidStatus) as refused:
                async with server.socket():
                    pass
            await first.send(type="ping")
            assert (await first.receive())["type"] == "pong"
        response = refused.value.response
        assert response.status_code == 429
        assert json.loads(response.body)["code"] == "THROTTLED"
        assert ("their network has enough WebSockets: 1" in caplog.text) is (not proxies)
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


MANY = 30
_NAMES = " ".join(f"name{number}: name" for number in range(1_500))
_LARGE = f'subscription {{ publicationMetricsChanged(url: "{URL}") {{ metrics {{ totalLikes }} {_NAMES} }} }}'
_TYPES = "{ __schema { types { name description fields { name description } } } }"
