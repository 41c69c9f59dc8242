"""Clients that write events and send each batch again until it is acknowledged."""

from asyncio import Task, create_task, gather, sleep
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from base.ids import uuid7

RECORD = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored duplicates dropped } }"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
LARGEST_BATCH = 40
PAUSE = 0.02


class World(NamedTuple):
    """What the events are about, as senders name it."""

    publication: str
    asset: str
    user: str
    token: str


class Writers:
    def __init__(self, url: str, world: World, seed: int) -> None:
        self.sent: dict[UUID, dict[str, Any]] = {}
        self.acknowledged: set[UUID] = set()
        self.retries = 0
        self.duplicates = 0
        """Events of answers that said so: their own answer had got lost."""
        self.refusals: Counter[str] = Counter()
        """Answers other than an acknowledgement, by their code."""
        self._url = url
        self._world = world
        self._random = Random(seed)  # noqa: S311
        self._views = [uuid7(datetime.now(UTC)) for _ in range(50)]
        self._is_stopping = False
        self._tasks: list[Task[None]] = []

    def start(self, count: int) -> None:
        """Half of them at each door."""
        self._tasks = [
            create_task(self._write(self._record if number % 2 else self._collect)) for number in range(count)
        ]

    async def stop(self) -> None:
        """Once everything that was sent is acknowledged."""
        self._is_stopping = True
        await gather(*self._tasks)

    async def progress(self) -> None:
        """Until something more is acknowledged."""
        known = len(self.acknowledged)
        while len(self.acknowledged) == known:
            if broken := next((task for task in self._tasks if task.done()), None):
                broken.result()
            await sleep(0.005)

    async def _write(self, send: Callable[[httpx.AsyncClient, list[Any]], Any]) -> None:
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as client:
            while not self._is_stopping:
                batch = [self._event() for _ in range(self._random.randint(1, LARGEST_BATCH))]
                ids = [UUID(event["id"]) for event in batch]
                self.sent |= zip(ids, batch, strict=True)
                while not await self._is_acknowledged(send, client, batch):
                    self.retries += 1
                    await sleep(PAUSE)
                self.acknowledged.update(ids)

    async def _is_acknowledged(
        self, send: Callable[[httpx.AsyncClient, list[Any]], Any], client: httpx.AsyncClient, batch: list[Any]
    ) -> bool:
        try:
            answer = await send(client, batch)
        except httpx.TransportError:
            return False
        if "stored" not in answer:
            self.refusals[answer["code"]] += 1
            return False
        assert answer["stored"] + answer["duplicates"] == len(batch), answer
        self.duplicates += answer["duplicates"]
        return True

    async def _record(self, client: httpx.AsyncClient, batch: list[Any]) -> Any:
        response = await client.post(
            "/graphql",
            json={"query": RECORD, "variables": {"events": batch}},
            headers={"authorization": f"Bearer {self._world.token}"},
        )
        body = response.json()
        return body["errors"][0]["extensions"] if "errors" in body else body["data"]["recordEvents"]

    async def _collect(self, client: httpx.AsyncClient, batch: list[Any]) -> Any:
        response = await client.post("/collect", json=batch, headers={"user-agent": BROWSER})
        assert (response.status_code == 503) == ("retry-after" in response.headers)
        return response.json()

    def _event(self) -> dict[str, Any]:
        """Of the last few days, so that there are several totals."""
        random = self._random
        now = datetime.now(UTC)
        occurred_at = now - timedelta(days=random.choice([0, 0, 0, 1]), microseconds=random.randrange(10**6))
        event: dict[str, Any] = {
            "id": str(uuid7(now)),
            "occurredAt": occurred_at.isoformat(),
            "domain": random.choice([None, "example.com", "shop.example.org"]),
            "deviceCategory": random.choice(["DESKTOP", "MOBILE"]),
            "visitor": f"visitor {random.randrange(20)}",
        }
        if random.random() < 0.3:
            event |= {"subject": {"publicationId": self._world.publication}, "action": "VIEW"}
            event["userId"] = random.choice([None, self._world.user])
        else:
            event |= {"subject": {"assetId": self._world.asset}, "viewId": str(random.choice(self._views))}
            event["action"] = random.choice(["VIEW_3D", "AR_CLICK", "INTERACTION"])
        return event
