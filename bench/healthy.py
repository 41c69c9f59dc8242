"""A client that behaves: a dashboard at a steady pace, and an event now and then, by one door or by two.

A pace comes in on standard input, as JSON; how it was served goes out on standard output.
"""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime
from time import clock_gettime, perf_counter

import msgspec
import orjson
import uvloop

from base.ids import uuid7
from bench.client import Connection
from bench.watched import SENT

ADDRESS = "127.0.0.2"
"""Another than that of whoever abuses the server."""
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
EVENT_EACH = 20
PATIENCE = 10.0
_CONNECTIONS = 16
_RECORD = """mutation($e: [EventInput!]!) { recordEvents(events: $e) { stored } }"""
_QUERY = """query($url: String!) { publication(url: $url) {
  name owner { username } metrics { totalViews totalLikes totalComments monthlyActiveUsers }
} }"""


class Pace(msgspec.Struct):
    port: int
    process: int
    """Of the server."""
    token: str
    publications: list[str]
    publication_ids: list[str]
    rate: float
    """Queries a second, whether or not they are answered."""
    seconds: float
    event_each: int = EVENT_EACH
    """So many queries for an event."""
    is_recording: bool = False
    """Whether an event comes by `recordEvents`, too, for each event that comes by `/collect`."""


class Served(msgspec.Struct):
    queries: list[float]
    """Seconds from when each was due, sorted."""
    events: list[float]
    refused: dict[str, int]
    """By what was told instead."""
    records: list[float] = msgspec.field(default_factory=list)
    """Of events that came by `recordEvents`."""


class Healthy:
    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.served = Served([], [], {})
        self._refused: Counter[str] = Counter()
        self._idle: asyncio.LifoQueue[Connection | None] = asyncio.LifoQueue()

    async def run(self) -> Served:
        for _ in range(_CONNECTIONS):
            self._idle.put_nowait(None)
        begin = perf_counter()
        asked = []
        for number in range(int(self.pace.rate * self.pace.seconds)):
            due = begin + number / self.pace.rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            asked.append(asyncio.create_task(self._query(number, due)))
            if number % self.pace.event_each == self.pace.event_each // 2:
                asked.append(asyncio.create_task(self._event(number, due)))
            if self.pace.is_recording and number % self.pace.event_each == 0:
                asked.append(asyncio.create_task(self._record(number, due)))
        await asyncio.gather(*asked)
        self.served.queries.sort()
        self.served.events.sort()
        self.served.records.sort()
        self.served.refused = dict(self._refused)
        return self.served

    async def _query(self, number: int, due: float) -> None:
        variables = {"url": self.pace.publications[number % len(self.pace.publications)]}
        status, body = await self._ask(
            "/graphql",
            orjson.dumps({"query": _QUERY, "variables": variables}),
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.pace.token}",
                SENT: f"{perf_counter()} {cpu_of(self.pace.process)}",
            },
        )
        self.served.queries.append(perf_counter() - due)
        if status != 200 or b'"errors"' in body:
            self._refused[refusal(status, body)] += 1

    async def _event(self, number: int, due: float) -> None:
        status, body = await self._ask("/collect", orjson.dumps(self._view(number)), {"User-Agent": AGENT})
        self.served.events.append(perf_counter() - due)
        if status != 202 or orjson.loads(body)["stored"] != 1:
            self._refused[f"event {refusal(status, body)}"] += 1

    async def _record(self, number: int, due: float) -> None:
        status, body = await self._ask(
            "/graphql",
            orjson.dumps({"query": _RECORD, "variables": {"e": [self._view(number)]}}),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.pace.token}"},
        )
        self.served.records.append(perf_counter() - due)
        if status != 200 or orjson.loads(body) != {"data": {"recordEvents": {"stored": 1}}}:
            self._refused[f"record {refusal(status, body)}"] += 1

    def _view(self, number: int) -> dict[str, object]:
        id = self.pace.publication_ids[number % len(self.pace.publication_ids)]
        return {"id": str(uuid7(datetime.now(UTC))), "subject": {"publicationId": id}, "action": "VIEW"}

    async def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = await self._idle.get()
        try:
            async with asyncio.timeout(PATIENCE):
                if connection is None or connection.transport.is_closing():
                    connection = await connected(self.pace.port, ADDRESS)
                answer = await connection.ask(message(path, body, headers))
        except (OSError, TimeoutError) as error:
            if connection:
                connection.transport.abort()
            connection = None
            answer = 0, type(error).__name__.encode()
        self._idle.put_nowait(connection)
        return answer


def cpu_of(process: int) -> float:
    """Seconds that a process of this machine has had, with all its threads. Linux numbers its clocks so."""
    return clock_gettime(~process << 3 | 2)


async def connected(port: int, address: str) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port, local_addr=(address, 0))
    return connection


def message(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in {"Host": "bench", **headers}.items()]
    head = "\r\n".join([f"POST {path} HTTP/1.1", *lines, f"Content-Length: {len(body)}"])
    return f"{head}\r\n\r\n".encode() + body


def refusal(status: int, body: bytes) -> str:
    """The status, and the code if one is told."""
    if status == 0:
        return body.decode()
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return str(status)
    errors = told.get("errors") if isinstance(told, dict) else None
    codes = {error.get("extensions", {}).get("code", "?") for error in errors or []}
    if isinstance(told, dict) and isinstance(told.get("code"), str):
        codes.add(told["code"])
    return " ".join([str(status), *sorted(codes)])


def main() -> None:
    pace = msgspec.json.decode(sys.stdin.buffer.read(), type=Pace)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(Healthy(pace).run())))


if __name__ == "__main__":
    main()
