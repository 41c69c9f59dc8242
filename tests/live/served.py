"""An application on a port of its own, in the test's event loop, and clients of its subscriptions."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import httpx
import orjson
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from resolvers.context import Services
from server.app import create_app
from server.serving import guarded_config
from server.settings import Settings

PROTOCOL = Subprotocol("graphql-transport-ws")
PATIENCE = 30.0
"""Seconds after which nothing is waited for any longer, however busy the machine."""
QUIET = 0.25
"""Seconds in which something that were sent would have come."""


class Served:
    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.socket_url = f"ws://127.0.0.1:{port}/graphql"

    @asynccontextmanager
    async def socket(self, token: str | None = None, **payload: Any) -> AsyncIterator["Socket"]:
        """Acknowledged."""
        async with self.connection() as connection:
            socket = Socket(connection)
            if token:
                payload["authorization"] = f"Bearer {token}"
            await socket.send(type="connection_init", payload=payload)
            assert await socket.receive() == {"type": "connection_ack"}
            yield socket

    @asynccontextmanager
    async def connection(
        self, *, subprotocol: str = PROTOCOL, headers: Mapping[str, str] = MappingProxyType({})
    ) -> AsyncIterator[ClientConnection]:
        async with connect(
            self.socket_url,
            subprotocols=[Subprotocol(subprotocol)],
            additional_headers=headers,
            proxy=None,
            open_timeout=PATIENCE,
        ) as connection:
            yield connection

    @asynccontextmanager
    async def stream(
        self, body: Mapping[str, Any], accept: str, token: str | None = None, *, ticket: str | None = None
    ) -> AsyncIterator["Stream"]:
        """With a ticket, as `EventSource` asks: by GET, and without any header of its own."""
        headers = {"accept": accept, **({"authorization": f"Bearer {token}"} if token else {})}
        # Who reads has a limit of their own, and heartbeats are rare.
        limits = httpx.Timeout(PATIENCE, read=2 * PATIENCE)
        asked: dict[str, Any] = {"method": "POST", "json": body}
        if ticket is not None:
            params = {"query": body["query"], "variables": orjson.dumps(body["variables"]).decode()}
            asked = {"method": "GET", "params": {**params, "ticket": ticket}}
        async with (
            httpx.AsyncClient(timeout=limits) as client,
            client.stream(url=self.url, headers=headers, **asked) as response,
        ):
            yield Stream(response)

    async def until_free(self, token: str) -> None:
        """Until its owner, of whom another subscription would have been one too many, may have it."""
        params = {"query": 'subscription { publicationMetricsChanged(url: "") { name } }'}
        headers = {
            "accept": "text/event-stream",
            "authorization": f"Bearer {token}",
            "graphql-require-preflight": "1",
        }
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
            # Nobody says when a subscription has ended.
            while (await client.head(self.url, params=params, headers=headers)).status_code == 429:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


class Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def subscribe(self, query: str, id: str = "1", /, **variables: Any) -> None:
        await self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def receive(self, seconds: float = PATIENCE) -> Any:
        async with asyncio.timeout(seconds):
            return orjson.loads(await self.connection.recv())

    async def next(self, id: str = "1", seconds: float = PATIENCE) -> Any:
        message = await self.receive(seconds)
        assert (message["type"], message["id"]) == ("next", id), message
        return message["payload"]

    async def is_quiet(self, seconds: float = QUIET) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.connection.recv()
        except TimeoutError:
            return True
        return False

    async def close_code(self) -> tuple[int, str]:
        """As soon as the server has closed it."""
        async with asyncio.timeout(PATIENCE):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


class Stream:
    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._chunks = response.aiter_bytes()
        self._rest = b""

    async def until(self, mark: bytes, seconds: float = PATIENCE) -> bytes:
        """What comes before it; the mark itself is left out."""
        async with asyncio.timeout(seconds):
            while mark not in self._rest:
                self._rest += await anext(self._chunks)
        found, _, self._rest = self._rest.partition(mark)
        return found

    async def rest(self, seconds: float = PATIENCE) -> bytes:
        async with asyncio.timeout(seconds):
            async for chunk in self._chunks:
                self._rest += chunk
        return self._rest

    async def event(self, seconds: float = PATIENCE) -> tuple[str, Any]:
        """The next one that is no heartbeat."""
        while True:
            lines = (await self.until(b"\n\n", seconds)).decode().split("\n")
            fields = dict(line.split(":", 1) for line in lines)
            if fields != {"": ""}:
                data = fields["data"].strip()
                return fields["event"].strip(), orjson.loads(data) if data else None

    async def part(self, seconds: float = PATIENCE) -> Any:
        """The next one that is no heartbeat."""
        while True:
            head, _, body = (await self.until(b"\r\n--graphql", seconds)).partition(b"\r\n\r\n")
            if head:
                assert head == b"\r\ncontent-type: application/json"
                if body != b"{}":
                    return orjson.loads(body)


@asynccontextmanager
async def served(services: Services, **settings: Any) -> AsyncIterator[Served]:
    given = Settings(**settings)
    app = create_app(given, services)
    config = guarded_config(given, app, host="127.0.0.1", port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    try:
        await _started(server)
        yield Served(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await running


async def _started(server: uvicorn.Server) -> None:
    """It tells nobody when it has."""
    for _ in range(1_000):
        if server.started:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError
