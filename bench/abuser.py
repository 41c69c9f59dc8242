"""A client that does not behave: bounded in how often and how much, to abuse the server and not the machine.

What to do comes in on standard input, as JSON; how it was answered goes out on standard output.
"""

import asyncio
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import NamedTuple

import asyncpg
import msgspec
import orjson
import uvloop
from sqlalchemy import make_url

from base.ids import uuid7
from bench.client import Connection
from bench.documents import EXPENSIVE, INTROSPECTION, LIGHT, LISTS, LOGIN, RECORD, SERIES, aliases
from bench.healthy import AGENT, connected, message, refusal
from bench.neighbours import EMAIL, Neighbours

ADDRESS = "127.0.0.4"
HELD_SECONDS = 2.0
WRITES = 18
_WORK_SECONDS = 0.02
_NICENESS = 19
_JSON = {"Content-Type": "application/json"}


class Orders(msgspec.Struct):
    kind: str
    port: int
    seconds: float
    neighbours: Neighbours
    share: float = 1.0
    """Of the usual number of connections and requests."""


class Asked(NamedTuple):
    path: str
    body: bytes
    headers: dict[str, str]


class Abuser:
    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.answers: Counter[str] = Counter()
        self._end = 0.0

    async def run(self) -> dict[str, int]:
        self._end = perf_counter() + self.orders.seconds
        await KINDS[self.orders.kind](self)
        return dict(self.answers.most_common())

    @property
    def left(self) -> float:
        return max(0.0, self._end - perf_counter())

    def many(self, usual: int) -> int:
        return max(1, round(usual * self.orders.share))

    async def nothing(self) -> None:
        """Asks for nothing, and takes CPU beside the server: what others feel of the machine alone."""
        while self.left:
            end = perf_counter() + _WORK_SECONDS
            while perf_counter() < end:
                pass
            await asyncio.sleep(_WORK_SECONDS)
            self.answers["turns"] += 1

    # Floods of requests

    async def series(self) -> None:
        """In turn one that is too long, and the longest that is not."""
        day = datetime.now(UTC).date()
        lengths: list[dict[str, object]] = [
            {"start": str(day.replace(year=day.year - years, day=1)), "end": str(day), "assets": assets}
            for years, assets in ((5, None), (1, self.orders.neighbours.assets[:15]))
        ]

        def asked(number: int) -> Asked:
            variables = {"id": self.orders.neighbours.organization, **lengths[number % 2]}
            return self._signed_in(SERIES, variables)

        await self._flood(asked, rate=20, connections=4)

    async def aliases(self) -> None:
        document = aliases(self.orders.neighbours.publications[0])
        await self._flood(lambda _: self._anonymous(document), rate=50, connections=8)

    async def introspection(self) -> None:
        """Each with a name of its own, so that no document was seen before."""
        await self._flood(
            lambda number: self._anonymous(INTROSPECTION.replace("Flood", f"Flood{number}")),
            rate=100,
            connections=8,
        )

    async def lists(self) -> None:
        await self._flood(lambda _: self._anonymous(LISTS), rate=50, connections=8)

    async def domains(self) -> None:
        """A thousand sites in each request, none of which was there before."""
        publications = self.orders.neighbours.publication_ids

        def asked(number: int) -> Asked:
            events = [
                {
                    "subject": {"publicationId": publications[number % len(publications)]},
                    "action": "VIEW",
                    "domain": f"d{number}-{each}.example.net",
                }
                for each in range(1_000)
            ]
            return Asked("/collect", orjson.dumps(events), {"User-Agent": AGENT})

        await self._flood(asked, rate=10, connections=4)

    async def queries(self) -> None:
        await self._flood(lambda number: self._anonymous(LIGHT, {"n": number % 50}), rate=300, connections=16)

    async def costly(self) -> None:
        """Each as dear as one may be."""
        await self._flood(lambda _: self._anonymous(EXPENSIVE), rate=20, connections=8)

    async def sign_ins(self) -> None:
        def asked(number: int) -> Asked:
            return self._anonymous(LOGIN, {"email": EMAIL, "password": f"guess {number}"})

        await self._flood(asked, rate=50, connections=8)

    # Connections

    async def slow_headers(self) -> None:
        await self._drip(lambda _: b"POST /graphql HTTP/1.1\r\nHost: bench\r\n", lambda _: b"X-A: b\r\n")

    async def slow_bodies(self) -> None:
        """Half of them to /collect."""

        def first(number: int) -> bytes:
            path = ("/graphql", "/collect")[number % 2]
            return (
                f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                "Content-Length: 100000\r\n\r\n"
            ).encode()

        await self._drip(first, lambda _: b" ")

    async def idle(self) -> None:
        await self._drip(lambda _: b"", lambda _: b"", usual=2_000)

    async def unread(self) -> None:
        """Large answers, asked for one after the other and never read."""
        request = message("/graphql", orjson.dumps({"query": INTROSPECTION}), _JSON)
        await self._drip(lambda _: request * 20, lambda _: request, usual=50, reads=False)

    async def large_bodies(self) -> None:
        """Half of them ask before they send, and the others send at once."""

        def first(number: int) -> bytes:
            path = ("/graphql", "/collect")[number % 2]
            expect = "Expect: 100-continue\r\n" if number % 4 < 2 else ""
            head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{expect}"
            return f"{head}Content-Length: 10000000000\r\n\r\n".encode()

        await self._drip(first, lambda number: b"" if number % 4 < 2 else b" " * 65_536, usual=40)

    async def _drip(
        self,
        first: Callable[[int], bytes],
        more: Callable[[int], bytes],
        *,
        usual: int = 500,
        reads: bool = True,
    ) -> None:
        """Many connections, on each of which something more comes twice a second."""
        async with asyncio.TaskGroup() as group:
            for number in range(self.many(usual)):
                if not self.left:
                    break
                group.create_task(self._dripping(first(number), more(number), reads=reads))
                await asyncio.sleep(0.001)

    async def _dripping(self, first: bytes, more: bytes, *, reads: bool) -> None:
        try:
            reader, writer = await self._opened()
        except OSError as error:
            self.answers[type(error).__name__] += 1
            return
        answer = asyncio.create_task(_first_line(reader)) if reads else None
        if not reads:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(first)
        while self.left and not (answer and answer.done()):
            await asyncio.sleep(min(self.left, 0.5))
            # What cannot be sent is not heaped up here.
            if more and writer.transport.get_write_buffer_size() == 0 and not writer.is_closing():
                writer.write(more)
        if answer and not answer.done():
            answer.cancel()
            self.answers["open"] += 1
        elif answer:
            self.answers[answer.result()] += 1
        else:
            self.answers["closed" if writer.is_closing() else "open"] += 1
        writer.transport.abort()

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.orders.port, local_addr=(ADDRESS, 0))

    # WebSockets

    async def sockets(self) -> None:
        """Each with a subscription."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.many(500)):
                if not self.left:
                    break
                group.create_task(self._subscribed())
                await asyncio.sleep(0.002)

    async def _subscribed(self) -> None:
        async with self._socket() as socket:
            if socket is None:
                return
            reader, writer = socket
            url = self.orders.neighbours.publications[0]
            query = f'subscription {{ publicationMetricsChanged(url: "{url}") {{ name }} }}'
            writer.write(_text({"type": "connection_init"}))
            writer.write(_text({"id": "1", "type": "subscribe", "payload": {"query": query}}))
            ended = await _until_closed(reader, self.left)
            self.answers[ended or "open"] += 1

    async def pings(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(self._pinging())

    async def _pinging(self) -> None:
        async with self._socket() as socket:
            if socket is None:
                return
            reader, writer = socket
            writer.write(_text({"type": "connection_init"}))
            closed = asyncio.create_task(_until_closed(reader, self.left + 1))
            own, protocol = _frame(0x9, b"x"), _text({"type": "ping"})
            each = self.many(50)
            while self.left and not closed.done():
                writer.write((own + protocol) * each)
                self.answers["pings"] += 2 * each
                await asyncio.sleep(0.05)
            if closed.done():
                self.answers[closed.result() or "open"] += 1
            else:
                self.answers["open"] += 1
                closed.cancel()

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None]:
        """None when it was refused, which is counted."""
        writer = None
        try:
            reader, writer = await self._opened()
            writer.write(
                b"GET /graphql HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
            )
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self.left + 1)
            status = head[9:12].decode()
            if status != "101":
                self.answers[status] += 1
                yield None
            else:
                yield reader, writer
        except (OSError, EOFError, TimeoutError) as error:
            self.answers[type(error).__name__] += 1
        finally:
            if writer:
                writer.transport.abort()

    # The database

    async def locked(self) -> None:
        """A tenant's row on PostgreSQL, the whole file on SQLite; and writes that wait for it."""
        async with _held(self.orders.neighbours, min(HELD_SECONDS, self.orders.seconds)):
            await self._flood(
                lambda number: self._signed_in(RECORD, {"events": [self._event(number)]}),
                rate=1_000,
                connections=WRITES,
                most=WRITES,
            )

    def _event(self, number: int) -> dict[str, object]:
        assets = self.orders.neighbours.assets
        id = str(uuid7(datetime.now(UTC)))
        return {"id": id, "subject": {"assetId": assets[number % len(assets)]}, "action": "VIEW_3D"}

    # How all of them ask

    def _anonymous(self, query: str, variables: dict[str, object] | None = None) -> Asked:
        return Asked("/graphql", orjson.dumps({"query": query, "variables": variables}), _JSON)

    def _signed_in(self, query: str, variables: dict[str, object]) -> Asked:
        headers = {**_JSON, "Authorization": f"Bearer {self.orders.neighbours.abuser}"}
        return Asked("/graphql", orjson.dumps({"query": query, "variables": variables}), headers)

    async def _flood(
        self, make: Callable[[int], Asked], *, rate: float, connections: int, most: int | None = None
    ) -> None:
        """At most so many a second, and no more at a time than there are connections."""
        begin = perf_counter()
        sent = 0

        async def ask() -> None:
            nonlocal sent
            connection: Connection | None = None
            while self.left and (most is None or sent < most):
                number, sent = sent, sent + 1
                await asyncio.sleep(max(0.0, begin + number / rate / self.orders.share - perf_counter()))
                try:
                    if connection is None or connection.transport.is_closing():
                        connection = await connected(self.orders.port, ADDRESS)
                    async with asyncio.timeout(self.left + 8):
                        status, body = await connection.ask(message(*make(number)))
                except (OSError, TimeoutError) as error:
                    status, body = 0, type(error).__name__.encode()
                    connection = None
                self.answers[refusal(status, body)] += 1

        await asyncio.gather(*(ask() for _ in range(self.many(connections))))


KINDS: dict[str, Callable[[Abuser], Awaitable[None]]] = {
    "nothing": Abuser.nothing,
    "series": Abuser.series,
    "aliases": Abuser.aliases,
    "introspection": Abuser.introspection,
    "lists": Abuser.lists,
    "domains": Abuser.domains,
    "queries": Abuser.queries,
    "costly-queries": Abuser.costly,
    "sign-ins": Abuser.sign_ins,
    "slow-headers": Abuser.slow_headers,
    "slow-bodies": Abuser.slow_bodies,
    "idle-connections": Abuser.idle,
    "sockets": Abuser.sockets,
    "unread-answers": Abuser.unread,
    "large-bodies": Abuser.large_bodies,
    "pings": Abuser.pings,
    "locked-tenant": Abuser.locked,
}


async def _first_line(reader: asyncio.StreamReader) -> str:
    """Its status; `closed` where there is none."""
    try:
        line = await reader.readline()
    except OSError:
        return "closed"
    status = line[9:12].decode("latin-1") or "closed"
    if status == "100":
        # Invited: that is an answer, too, and no good one.
        return "100"
    return status


async def _until_closed(reader: asyncio.StreamReader, seconds: float) -> str | None:
    """The code it was closed with; None where it is open after so long."""
    last = b""
    try:
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                last = (last + chunk)[-130:]
    except TimeoutError:
        return None
    except OSError:
        return "closed"
    at = last.rfind(b"\x88")
    return str(int.from_bytes(last[at + 2 : at + 4])) if at >= 0 and len(last) >= at + 4 else "closed"


def _text(message: dict[str, object]) -> bytes:
    return _frame(0x1, orjson.dumps(message))


def _frame(kind: int, payload: bytes) -> bytes:
    """As a client sends it; the mask leaves what it masks as it is."""
    length = len(payload)
    size = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2)
    return bytes([0x80 | kind]) + size + bytes(4) + payload


@asynccontextmanager
async def _held(neighbours: Neighbours, seconds: float) -> AsyncIterator[None]:
    """Meanwhile, from the first moment on; the lock ends by itself."""
    address = make_url(neighbours.url)
    if address.get_backend_name() == "sqlite":
        other = sqlite3.connect(address.database or "", isolation_level=None, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        release = asyncio.create_task(_later(seconds, other.close))
        yield
        await release
        return
    dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    await connection.execute("BEGIN")
    await connection.fetchval("SELECT id FROM tenants WHERE id = $1 FOR UPDATE", neighbours.tenant)
    release = asyncio.create_task(_later(seconds, connection.terminate))
    yield
    await release


async def _later(seconds: float, end: Callable[[], None]) -> None:
    await asyncio.sleep(seconds)
    end()


def main() -> None:
    # It has only the time that nobody else wants: an abuser does not work on the server's machine.
    with suppress(OSError):
        os.nice(_NICENESS)
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(Abuser(orders).run())))


if __name__ == "__main__":
    main()
