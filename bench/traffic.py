"""What the benchmark sends: requests made beforehand, the same ones for the same numbers."""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

import msgspec
import orjson

DOMAINS = 20
DOMAINS_OF_A_SUBJECT = 2
VISITORS = 20_000
OPEN_VIEWS = 1_000
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
)
MUTATION = """mutation Record($events: [EventInput!]!) {
  recordEvents(events: $events) { stored duplicates dropped results { id status reason } }
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
    message: bytes
    ids: list[UUID]


class View(NamedTuple):
    asset: str
    id: str


def requests(job: Job) -> Iterator[Request]:
    """Half of the events start a view, four in ten belong to one, one in ten is for a publication."""
    random = Random(job.seed)  # noqa: S311
    open_views = deque([View(job.assets[0], str(_uuid7(job.start, random)))], OPEN_VIEWS)
    clock = job.start
    for _ in range(job.requests):
        events = []
        ids = []
        for _ in range(job.batch):
            clock += timedelta(microseconds=random.randrange(1, 20))
            ids.append(_uuid7(clock, random))
            events.append(
                {"id": str(ids[-1]), "occurredAt": clock, **_happening(job, random, clock, open_views)}
            )
        yield Request(_message(job, random, events), ids)


def shortly_before() -> datetime:
    """Events of a run bear times from here on."""
    return datetime.now(UTC) - timedelta(minutes=2)


def _uuid7(at: datetime, random: Random) -> UUID:
    milliseconds = int(at.timestamp() * 1000)
    noise = random.getrandbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | (noise >> 62) << 64 | 2 << 62 | noise & (1 << 62) - 1)


def _happening(job: Job, random: Random, at: datetime, open_views: deque[View]) -> dict[str, object]:
    chance = random.random()
    if chance < 0.1:
        subject = random.choice(job.publications)
        event: dict[str, object] = {"subject": {"publicationId": subject}, "action": "VIEW"}
    elif chance < 0.6:
        subject = random.choice(job.assets)
        open_views.append(View(subject, str(_uuid7(at, random))))
        event = {"subject": {"assetId": subject}, "action": "VIEW_3D", "viewId": open_views[-1].id}
    else:
        subject, view_id = random.choice(open_views)
        action = "AR_CLICK" if chance < 0.75 else "INTERACTION"
        event = {"subject": {"assetId": subject}, "action": action, "viewId": view_id}
    event["domain"] = _domain(subject, random.randrange(DOMAINS_OF_A_SUBJECT))
    if job.door == "recordEvents":
        event |= {"visitor": f"visitor-{random.randrange(VISITORS)}", "deviceCategory": "MOBILE"}
    return event


def _domain(subject: str, number: int) -> str:
    """Each subject is on a few sites."""
    return f"shop{(sum(subject.encode()) + number) % DOMAINS}.example.com"


def _message(job: Job, random: Random, events: list[dict[str, object]]) -> bytes:
    if job.door == "recordEvents":
        path, body = "/graphql", orjson.dumps({"query": MUTATION, "variables": {"events": events}})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {job.token}"}
    else:
        path, body = "/collect", orjson.dumps(events)
        headers = {
            "Content-Type": "text/plain;charset=UTF-8",
            "Origin": f"https://{_domain(job.assets[0], 0)}",
            "X-Forwarded-For": ".".join(str(random.randrange(1, 255)) for _ in range(4)),
            "User-Agent": random.choice(AGENTS),
        }
    lines = [f"{name}: {value}" for name, value in {"Host": "bench", **headers}.items()]
    head = "\r\n".join([f"POST {path} HTTP/1.1", *lines, f"Content-Length: {len(body)}"])
    return f"{head}\r\n\r\n".encode() + body
