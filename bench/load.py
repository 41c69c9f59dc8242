"""A mixed load that knows what it may be told: queries, events, likes, subscribers, clients that vanish."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson

from base.ids import uuid7
from bench.client import Connection
from bench.company import Company
from bench.healthy import AGENT, connected, message, refusal
from bench.ledger import Bounds, Ledger

ADDRESS = "127.0.0.2"
_CONNECTIONS = 24
_PATIENCE = 40.0
_RETRY_SECONDS = 0.25
_END_SECONDS = 120
"""That what was begun has to come to an end."""
_STREAMS = 6
_RETRIED = {"UNAVAILABLE", "THROTTLED", "TIMEOUT"}
_VIEWS = "views(viewType: VIEW_3D, interval: DAY, groupBy: [ASSET]) { points { count asset { id } } }"
QUERIES = {
    "dashboard": "query($url: String!) { publication(url: $url) { id metrics { totalViews totalLikes } } }",
    "list": "{ publications(first: 50) { edges { node { id metrics { totalViews totalLikes } } } } }",
    "nodes": """query($ids: [ID!]!) { nodes(ids: $ids) {
        ... on Publication { id metrics { totalViews totalLikes } } } }""",
    "series": f"""query($id: ID!, $range: DateRange!) {{ organization(id: $id) {{ metrics(range: $range) {{
        total3DViews {_VIEWS} }} }} }}""",
}
_RECORD = """mutation($events: [EventInput!]!) {
  recordEvents(events: $events) { stored duplicates dropped } }"""
_LIKE = "mutation($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"
_UNLIKE = "mutation($id: ID!) { unlikePublication(publicationId: $id) { publication { id } } }"
_WATCH = """subscription($url: String!) { publicationMetricsChanged(url: $url) {
  id metrics { totalViews totalLikes } } }"""


class Load:
    def __init__(self, company: Company, port: int) -> None:
        self.company = company
        self.ledger = Ledger()
        self.answered: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """By the code, or what was told instead of one; each try."""
        self._port = port
        self._random = Random(11)  # noqa: S311
        self._idle: asyncio.LifoQueue[Connection | None] = asyncio.LifoQueue()
        for _ in range(_CONNECTIONS):
            self._idle.put_nowait(None)
        self._first_day = datetime.now(UTC).date() - timedelta(days=1)
        self._liking: set[tuple[str, int]] = set()
        self._liked: set[tuple[str, int]] = set()
        self._subscribers: list[asyncio.Task[None]] = []
        self._newest: dict[str, tuple[int, int]] = {}
        """What subscribers were told last: views and likes."""

    async def calibrated(self, seconds: float) -> float:
        """How many requests a second are answered when each connection sends the next one at once."""
        begin = perf_counter()
        done = 0

        async def work() -> None:
            nonlocal done
            while perf_counter() - begin < seconds:
                await self._one()
                done += 1

        await asyncio.gather(*(work() for _ in range(_CONNECTIONS)))
        return done / (perf_counter() - begin)

    async def run(self, seconds: float, rate: float) -> None:
        """Beside subscribers and clients that vanish; until all of it is done."""
        begin = perf_counter()
        watched = self.company.custom_urls[:_STREAMS]
        self._subscribers = [asyncio.create_task(self._subscribed(url)) for url in watched]
        tasks = {asyncio.create_task(self._vanishing(begin + seconds))}
        number = 0
        while (passed := perf_counter() - begin) < seconds:
            await asyncio.sleep(max(0.0, number / rate - passed))
            number += 1
            # What waits is bounded: while the server is away, nothing new is begun for long.
            if len(tasks) < 50 * _CONNECTIONS:
                task = asyncio.create_task(self._one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        async with asyncio.timeout(_END_SECONDS):
            await asyncio.gather(*tasks)

    async def settled(self, seconds: float) -> None:
        """Once everything is acknowledged, every figure is known exactly, and subscribers get it."""
        await self._told_exactly()
        await self._subscribers_know(seconds)
        for task in self._subscribers:
            task.cancel()
        for end in await asyncio.gather(*self._subscribers, return_exceptions=True):
            if isinstance(end, Exception):
                raise end

    async def _subscribers_know(self, seconds: float) -> None:
        end = perf_counter() + seconds
        while behind := self._behind():
            if perf_counter() > end:
                self.ledger.wrong += [f"subscribers of {url} were last told {told}" for url, told in behind]
                return
            await asyncio.sleep(0.1)

    # What is asked

    async def _one(self) -> None:
        chance = self._random.random()
        if chance < 0.5:
            await self._query(self._random.choice(list(QUERIES)))
        elif chance < 0.7:
            await self._events("recordEvents", self._random.choice(self.company.assets), 10)
        elif chance < 0.9:
            await self._events("collect", self._random.choice(self.company.publications), 3)
        else:
            await self._toggle()

    async def _query(self, kind: str) -> bool:
        company = self.company
        number = self._random.randrange(len(company.custom_urls))
        today = datetime.now(UTC).date()
        variables: dict[str, dict[str, Any]] = {
            "dashboard": {"url": company.custom_urls[number]},
            "list": {},
            "nodes": {"ids": company.publications},
            "series": {
                "id": company.organization,
                "range": {"start": str(self._first_day), "end": str(today + timedelta(days=1))},
            },
        }
        with self.ledger.asking() as bounds:
            told = await self._asked(kind, company.maker, QUERIES[kind], variables[kind])
            if told is None:
                return False
            self._check(kind, told, bounds)
        return True

    def _check(self, kind: str, told: Any, bounds: Bounds) -> None:
        if kind == "series":
            self._check_series(told["organization"]["metrics"], bounds)
            return
        (value,) = told.values()
        rows = [edge["node"] for edge in value["edges"]] if kind == "list" else value
        rows = rows if isinstance(rows, list) else [rows]
        if kind in ("list", "nodes") and len(rows) != len(self.company.publications):
            self.ledger.wrong.append(f"{kind}: {len(rows)} publications")
        for row in rows:
            bounds.views(f"{kind} {row['id']}", row["metrics"]["totalViews"], [row["id"]])
            bounds.likes(f"{kind} {row['id']}", row["metrics"]["totalLikes"], row["id"])

    def _check_series(self, metrics: Any, bounds: Bounds) -> None:
        counts: Counter[str] = Counter()
        for point in metrics["views"]["points"]:
            counts[point["asset"]["id"]] += point["count"]
        bounds.views("total of all assets", metrics["total3DViews"], self.company.assets)
        for asset in self.company.assets:
            bounds.views(f"series of {asset}", counts[asset], [asset])

    async def _events(self, door: str, subject: str, count: int) -> None:
        """Sent again with the same ids until they are acknowledged."""
        ids = [uuid7(datetime.now(UTC)) for _ in range(count)]
        self.ledger.send(subject, count)
        await self._acknowledged(door, subject, ids)

    async def _acknowledged(self, door: str, subject: str, ids: list[UUID]) -> None:
        await _again(lambda: self._sent(door, subject, ids))
        self.ledger.acknowledge(subject, ids)

    async def _sent(self, door: str, subject: str, ids: list[UUID]) -> bool:
        if door == "recordEvents":
            variables = {"events": _events(subject, ids)}
            data = await self._asked(door, self.company.maker, _RECORD, variables)
            told = data and data["recordEvents"]
        else:
            status, body = await self._exchanged(_collected(subject, ids))
            told = self._judged(door, status, body, 202)
        if told is None:
            return False
        if told["stored"] + told["duplicates"] != len(ids):
            self.ledger.wrong.append(f"{door}: {told} of {len(ids)} events")
        return True

    async def _toggle(self) -> None:
        key = (
            self._random.choice(self.company.publications),
            self._random.randrange(len(self.company.people)),
        )
        if key in self._liking:
            return
        self._liking.add(key)
        publication, person = key
        target = int(key not in self._liked)
        self.ledger.like(*key, least=0, most=1)
        query = _LIKE if target else _UNLIKE
        token = self.company.people[person]
        await _again(lambda: self._asked("like", token, query, {"id": publication}))
        (self._liked.add if target else self._liked.discard)(key)
        self.ledger.like(*key, least=target, most=target)
        self._liking.discard(key)

    async def _vanishing(self, end: float) -> None:
        """Twice a second somebody asks, or begins to, and does not stay for the answer."""
        while perf_counter() < end:
            await asyncio.sleep(0.5)
            subject, ids = self._random.choice(self.company.assets), [uuid7(datetime.now(UTC))]
            self.ledger.send(subject, 1)
            request = _asked(_RECORD, {"events": _events(subject, ids)}, self.company.maker)
            cut = self._random.randrange(len(request) // 2, 2 * len(request))
            try:
                connection = await connected(self._port, ADDRESS)
                connection.transport.write(request[:cut])
                await asyncio.sleep(self._random.random() / 50)
                connection.transport.abort()
            except OSError:
                self.refused["no connection"] += 1
            self.answered["vanished"] += 1
            # Whoever vanished comes again, with the same ids.
            await self._acknowledged("recordEvents", subject, ids)

    # Subscribers

    async def _subscribed(self, url: str) -> None:
        while True:
            try:
                await self._stream(url)
            except (OSError, EOFError):
                self.refused["stream ended"] += 1
            await asyncio.sleep(_RETRY_SECONDS)

    async def _stream(self, url: str) -> None:
        """Each answer is newer than the one before, and the first one than the question."""
        with self.ledger.asking() as bounds:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(ADDRESS, 0))
            try:
                writer.write(_asked(_WATCH, {"url": url}, self.company.maker, accept="text/event-stream"))
                before = 0
                while line := await reader.readline():
                    if not line.startswith(b"data: {"):
                        continue
                    told = orjson.loads(line[6:])
                    if "errors" in told:
                        self._refuse(refusal(200, line[6:]), told)
                        return
                    self._check("subscription", told["data"], bounds)
                    metrics = told["data"]["publicationMetricsChanged"]["metrics"]
                    if metrics["totalViews"] < before:
                        self.ledger.wrong.append(f"subscription: {metrics} after {before}")
                    before = metrics["totalViews"]
                    self._newest[url] = before, metrics["totalLikes"]
                    self.answered["subscription"] += 1
            finally:
                writer.transport.abort()
        raise EOFError

    def _behind(self) -> list[tuple[str, tuple[int, int] | None]]:
        """Who was told something else last than what is so, once nothing changes any more."""
        company = self.company
        named = zip(company.custom_urls[:_STREAMS], company.publications[:_STREAMS], strict=True)
        exact = {
            url: (self.ledger.acknowledged[id], sum(liked == id for liked, _ in self._liked))
            for url, id in named
        }
        return [(url, self._newest.get(url)) for url, told in exact.items() if self._newest.get(url) != told]

    async def _told_exactly(self) -> None:
        for kind in QUERIES:
            await _again(partial(self._query, kind))

    # How all of it is asked

    async def _asked(self, kind: str, token: str, query: str, variables: dict[str, Any]) -> Any | None:
        """What `data` is; None where it was refused, which is counted."""
        status, body = await self._exchanged(_asked(query, variables, token))
        told = self._judged(kind, status, body, 200)
        return told and told["data"]

    def _judged(self, kind: str, status: int, body: bytes, good: int) -> Any | None:
        if not status:
            self.refused[body.decode()] += 1
            return None
        told = orjson.loads(body)
        if status == good and "errors" not in told:
            self.answered[kind] += 1
            return told
        self._refuse(refusal(status, body), told)
        return None

    def _refuse(self, what: str, told: Any) -> None:
        status, _, codes = what.partition(" ")
        self.refused[codes or status] += 1
        if codes and not set(codes.split()) <= _RETRIED:
            self.ledger.wrong.append(f"refused: {orjson.dumps(told)[:300].decode()}")

    async def _exchanged(self, request: bytes) -> tuple[int, bytes]:
        connection = await self._idle.get()
        try:
            async with asyncio.timeout(_PATIENCE):
                if connection is None or connection.transport.is_closing():
                    connection = await connected(self._port, ADDRESS)
                return await connection.ask(request)
        except (OSError, TimeoutError) as error:
            if connection:
                connection.transport.abort()
            return 0, b"no answer" if isinstance(error, TimeoutError) else b"no connection"
        finally:
            self._idle.put_nowait(connection)


async def _again(work: Callable[[], Awaitable[Any]]) -> None:
    """Until something comes of it."""
    while True:
        if await work():
            return
        await asyncio.sleep(_RETRY_SECONDS)


def _events(subject: str, ids: list[UUID]) -> list[dict[str, Any]]:
    kind, action = ("assetId", "VIEW_3D") if subject.startswith("ast_") else ("publicationId", "VIEW")
    return [{"id": str(id), "subject": {kind: subject}, "action": action} for id in ids]


def _collected(subject: str, ids: list[UUID]) -> bytes:
    return message("/collect", orjson.dumps(_events(subject, ids)), {"User-Agent": AGENT})


def _asked(query: str, variables: dict[str, Any], token: str, accept: str = "application/json") -> bytes:
    headers = {"Content-Type": "application/json", "Accept": accept, "Authorization": f"Bearer {token}"}
    return message("/graphql", orjson.dumps({"query": query, "variables": variables}), headers)
