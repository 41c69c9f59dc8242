"""What the benchmark sends: requests made beforehand, the same ones for the same numbers."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

import msgspec
import orjson

DOMAINS = [f"shop{number}.example.com" for number in range(20)]
VISITORS = 20_000
_OPEN_VIEWS = 1_000
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
]
MUTATION = """mutation Record($events: [EventInput!]!) {
  recordEvents(events: $events) { stored duplicates dropped }
}"""


class Job(msgspec.Struct):
    """One run of one client."""

    port: int
    door: str
    """`recordEvents` or `collect`."""
    token: str
    assets: list[str]
    publications: list[str]
    batch: int
    requests: int
    connections: int
    seed: int
    start: datetime
    rate: float | None = None
    """Events to be sent each second, whether or not the server keeps up; None for as many as it takes."""
    seconds: float = 30.0
    """At most so long."""


class Request(NamedTuple):
    head_and_body: bytes
    ids: list[UUID]


def requests(job: Job) -> Iterator[Request]:
    """Half of the events start a view, four in ten belong to one, one in ten is for a publication."""
    random = Random(job.seed)  # noqa: S311
    open_views: deque[tuple[str, str]] = deque([(job.assets[0], str(_uuid7(job.start, random)))], _OPEN_VIEWS)
    clock = job.start
    for _ in range(job.requests):
        events = []
        ids = []
        for _ in range(job.batch):
            clock += timedelta(microseconds=random.randrange(1, 20))
            id = _uuid7(clock, random)
            ids.append(id)
            event = {"id": str(id), "occurredAt": clock, "domain": random.choice(DOMAINS)}
            events.append(event | _happening(job, random, clock, open_views))
        yield Request(_http(job, random, events), ids)


def _uuid7(at: datetime, random: Random) -> UUID:
    milliseconds = int(at.timestamp() * 1000)
    noise = random.getrandbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | (noise >> 62) << 64 | 2 << 62 | noise & (1 << 62) - 1)


def _happening(
    job: Job, random: Random, at: datetime, open_views: deque[tuple[str, str]]
) -> dict[str, object]:
    chance = random.random()
    event: dict[str, object] = {}
    if chance < 0.1:
        event |= {"subject": {"publicationId": random.choice(job.publications)}, "action": "VIEW"}
    elif chance < 0.6:
        asset, view = random.choice(job.assets), str(_uuid7(at, random))
        open_views.append((asset, view))
        event |= {"subject": {"assetId": asset}, "action": "VIEW_3D", "viewId": view}
    else:
        asset, view = random.choice(open_views)
        action = "AR_CLICK" if chance < 0.75 else "INTERACTION"
        event |= {"subject": {"assetId": asset}, "action": action, "viewId": view}
    if job.door == "recordEvents":
        event |= {"visitor": f"visitor-{random.randrange(VISITORS)}", "deviceCategory": "MOBILE"}
    return event


def _http(job: Job, random: Random, events: list[dict[str, object]]) -> bytes:
    if job.door == "recordEvents":
        body = orjson.dumps({"query": MUTATION, "variables": {"events": events}})
        head = (
            "POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {job.token}\r\n"
        )
    else:
        body = orjson.dumps(events)
        address = ".".join(str(random.randrange(1, 255)) for _ in range(4))
        head = (
            "POST /collect HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain;charset=UTF-8\r\n"
            f"Origin: https://{random.choice(DOMAINS)}\r\nX-Forwarded-For: {address}\r\n"
            f"User-Agent: {random.choice(AGENTS)}\r\n"
        )
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def soon() -> datetime:
    """Events of a run bear times from a little before it."""
    return datetime.now(UTC) - timedelta(minutes=2)
