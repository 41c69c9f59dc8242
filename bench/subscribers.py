"""Many who subscribe to one publication, and likes of it: what it takes until all are told.

python -m bench.subscribers --tree ../older --tree .

Each tree serves a database of its own by one process, in rounds that alternate. The subscribers are all of
one user. They are streams of server-sent events, and then WebSockets.
"""

import asyncio
import json
import resource
import sys
from argparse import ArgumentParser, Namespace
from asyncio import AbstractEventLoop, Future, Protocol, Transport
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple, cast

import uvloop

from bench.cpu import cpu_seconds
from bench.peers.running import ROOT
from bench.trees import Server, Tree
from tests.postgres import PostgresServer

_URL = "liked"
_SUBSCRIPTION = """subscription($url: String!) {
  publicationMetricsChanged(url: $url) { metrics { totalLikes } }
}"""
_PUBLISH = f"""mutation {{
  createPublication(input: {{name: "Liked", customUrl: "{_URL}"}}) {{ publication {{ id }} }}
}}"""
_PUBLICATION = "query($url: String!) { publication(url: $url) { id } }"
_MASK = bytes(4)
"""It leaves what a client sends as it is."""
_SECONDS = 120
_OPENING = 50
_PAUSE = 1.6
"""More than the interval of the subscribers."""
_SETTLING = 0.3
_SETTINGS = {
    "LOG_LEVEL": "info",
    "QUERY_COST_PER_USER": "2000000000 per minute",
    "MAX_SUBSCRIPTIONS": "10000",
    "MAX_CONNECTIONS_PER_ADDRESS": "10000",
    "MAX_SOCKETS_PER_ADDRESS": "10000",
}


class Listener(Protocol):
    """A subscriber. It reads as little of each answer as it can."""

    def __init__(self, loop: AbstractEventLoop, key: str) -> None:
        self._loop = loop
        self._key = key
        self._received = b""
        self.transport: Transport
        self.told: Future[float] = loop.create_future()
        """When the next answer was there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("Transport", transport)
        self.begin(_asked(), f"authorization: Token {self._key}\r\n".encode())

    def begin(self, asked: bytes, credentials: bytes) -> None:
        head = (
            b"POST /graphql HTTP/1.1\r\nhost: bench\r\naccept: text/event-stream\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n%s\r\n"
        )
        self.transport.write(head % (len(asked), credentials) + asked)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self.is_next(self._received):
            if b'"errors"' in self._received:
                raise RuntimeError(f"A subscription was refused: {self._received!r}")
            self._received = b""
            if not self.told.done():
                self.told.set_result(perf_counter())

    def is_next(self, received: bytes) -> bool:
        return b"data: {" in received

    def connection_lost(self, _: Exception | None) -> None:
        if not self.told.done():
            self.told.set_exception(RuntimeError(f"A subscription ended: {self._received!r}"))

    async def next(self) -> float:
        async with asyncio.timeout(_SECONDS):
            return await self.told

    def listen(self) -> None:
        """For the next answer."""
        self.told = self._loop.create_future()


class SocketListener(Listener):
    """The same over a WebSocket."""

    def begin(self, asked: bytes, credentials: bytes) -> None:
        head = (
            b"GET /graphql HTTP/1.1\r\nhost: bench\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"sec-websocket-protocol: graphql-transport-ws\r\n%s\r\n"
        )
        self.transport.write(head % credentials)
        self._steps = [
            (b"connection_ack", b'{"type":"subscribe","id":"1","payload":' + asked + b"}"),
            (b"\r\n\r\n", b'{"type":"connection_init"}'),
        ]

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"\x89"):
            # A ping, which is short and comes alone.
            self.transport.write(b"\x8a" + bytes([0x80 | data[1]]) + _MASK + data[2:])
            return
        super().data_received(data)

    def is_next(self, received: bytes) -> bool:
        if self._steps and self._steps[-1][0] in received:
            _, message = self._steps.pop()
            length = len(message)
            size = bytes([0x80 | length]) if length < 126 else bytes([0xFE]) + length.to_bytes(2, "big")
            self.transport.write(b"\x81" + size + _MASK + message)
        return b'"type":"next"' in received


WAYS: dict[str, type[Listener]] = {"streams": Listener, "sockets": SocketListener}


class Taken(NamedTuple):
    cpu: float
    """Milliseconds of the server for each subscriber and like, as is `database`."""
    database: float
    half: float
    """Milliseconds until half of them were told."""
    last: float


def main() -> None:
    given = _given()
    allow_files(given.count)
    trees = [Tree(tree.resolve()) for tree in given.tree or [ROOT]]
    for engine, prepared in (("SQLite", _on_sqlite), ("PostgreSQL", _on_postgresql)):
        if given.engine in (None, engine.lower()):
            with prepared(trees) as (databases, process):
                _print_engine(engine, given, trees, databases, process)


def _print_engine(
    engine: str, given: Namespace, trees: list[Tree], databases: list[tuple[str, str]], process: int | None
) -> None:
    taken: dict[tuple[str, str], list[Taken]] = defaultdict(list)
    for number in range(given.rounds):
        pairs = list(zip(trees, databases, strict=True))
        for tree, (url, key) in pairs if number % 2 else reversed(pairs):
            for way in WAYS:
                with tree.serving(url, **_SETTINGS) as server:
                    server.token = key
                    found = uvloop.run(told(server, key, process, way, given.count, given.likes))
                print(f"{engine}, {tree.name}, {way}: {found}", file=sys.stderr, flush=True)
                taken[tree.name, way].append(found)
    print(
        f"\n{engine}, {given.count:,} subscribers, medians of {given.rounds} rounds of {given.likes} likes:\n"
    )
    print("| tree | subscribers | CPU ms | database's CPU ms | ms until half | ms until the last |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (name, way), rounds in taken.items():
        cells = [f"{median(values):.3g}" for values in zip(*rounds, strict=True)]
        print(f"| {name} | {way} | {' | '.join(cells)} |")


def _given() -> Namespace:
    parser = ArgumentParser(prog="python -m bench.subscribers", description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", help="a tree of the project; this one")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], help="both when absent")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--count", type=int, default=2_000, help="subscribers")
    parser.add_argument("--likes", type=int, default=6, help="likes and unlikes of a round")
    return parser.parse_args()


def _filled(tree: Tree, database_url: str) -> str:
    """The key of the user to whom the only publication belongs."""
    tree.run("migrate", database_url=database_url)
    given = ("owner@bench.test", "owner", "--name", "Owner", "--password", "a password of the benchmark")
    tree.run("user", "create", *given, database_url=database_url)
    key = tree.run("key", "create", given[0], database_url=database_url).strip()
    with tree.serving(database_url) as server:
        server.token = key
        server.ask(_PUBLISH)
    return key


@contextmanager
def _on_sqlite(trees: list[Tree]) -> Iterator[tuple[list[tuple[str, str]], None]]:
    with TemporaryDirectory(prefix="viewgraph-subscribers-") as folder:
        urls = [f"sqlite:///{folder}/{number}.sqlite3" for number in range(len(trees))]
        yield [(url, _filled(tree, url)) for url, tree in zip(urls, trees, strict=True)], None


@contextmanager
def _on_postgresql(trees: list[Tree]) -> Iterator[tuple[list[tuple[str, str]], int | None]]:
    with PostgresServer() as server:
        found = []
        for number, tree in enumerate(trees):
            server.create_database(f"tree_{number}")
            url = server.url(f"tree_{number}").replace("+asyncpg", "")
            found.append((url, _filled(tree, url)))
        yield found, server.process


def allow_files(count: int) -> None:
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, min(most, 4 * count)), most))


async def told(server: Server, key: str, database: int | None, way: str, count: int, likes: int) -> Taken:
    """The middle of all likes."""
    id = server.ask(_PUBLICATION, url=_URL)["publication"]["id"]
    like, unlike = (
        f'mutation {{ {field}(publicationId: "{id}") {{ publication {{ id }} }} }}'
        for field in ("likePublication", "unlikePublication")
    )
    # A second like changes nothing, and nobody would be told.
    server.ask(unlike)
    async with _subscribed(server, key, way, count) as listeners:
        found = []
        for number in range(likes):
            await asyncio.sleep(_PAUSE)
            found.append(await _once(server, listeners, unlike if number % 2 else like, database))
    return Taken(*(median(values) for values in zip(*found, strict=True)))


async def _once(server: Server, listeners: list[Listener], change: str, database: int | None) -> Taken:
    for one in listeners:
        one.listen()
    before = _cpu(server, database)
    began = perf_counter()
    await asyncio.to_thread(server.ask, change)
    times = sorted([1000 * (await one.next() - began) for one in listeners])
    await asyncio.sleep(_SETTLING)
    by_server, by_database = (
        1000 * (now - then) / len(times) for now, then in zip(_cpu(server, database), before, strict=True)
    )
    return Taken(by_server, by_database, times[len(times) // 2], times[-1])


def _cpu(server: Server, database: int | None) -> tuple[float, float]:
    return cpu_seconds(server.process), cpu_seconds(database) if database else 0.0


@asynccontextmanager
async def _subscribed(server: Server, key: str, way: str, count: int) -> AsyncIterator[list[Listener]]:
    """Each has had its first answer."""
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(_OPENING)

    async def one() -> Listener:
        async with gate:
            _, listener = await loop.create_connection(lambda: WAYS[way](loop, key), "127.0.0.1", server.port)
            await listener.next()
            return listener

    listeners = await asyncio.gather(*(one() for _ in range(count)))
    try:
        yield list(listeners)
    finally:
        for listener in listeners:
            listener.listen()
            listener.told.cancel()
            listener.transport.abort()


def _asked() -> bytes:
    return json.dumps({"query": _SUBSCRIPTION, "variables": {"url": _URL}}).encode()


if __name__ == "__main__":
    main()
