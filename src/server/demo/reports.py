"""Reports of the demo: what has happened, as the servers of owners and organizations would tell it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from ingest.wire import WireAction, WireDevice, WireEvent, WireSubject
from ingest.wire_columns import WireColumns
from models import User
from resolvers import recording
from resolvers.context import Services
from server.demo.studio import acting_as

_BATCH = 1_000
DEVICES = (
    WireDevice.DESKTOP, WireDevice.DESKTOP, WireDevice.MOBILE, WireDevice.MOBILE, WireDevice.MOBILE,
    WireDevice.TABLET,
)  # fmt: skip
VISITORS = 3_000


def report(random: Random, subject: WireSubject, action: WireAction, at: datetime, **more: Any) -> WireEvent:
    """An event of some visitor. `more` are further fields of it."""
    return WireEvent(
        subject=subject,
        action=action,
        id=str(event_id(random, at)),
        occurred_at=at,
        visitor=more.pop("visitor", None) or f"visitor {random.randint(1, VISITORS)}",
        **more,
    )


def event_id(random: Random, at: datetime) -> UUID:
    """A UUID of version 7 whose noise is drawn by the generator: it is the same each time."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(
        int=(milliseconds << 80)
        | (7 << 76)
        | (random.getrandbits(12) << 64)
        | (0b10 << 62)
        | random.getrandbits(62)
    )


def some_time(random: Random, start: datetime, length: timedelta = timedelta(days=1)) -> datetime:
    return start + random.random() * length


async def send(services: Services, at: datetime, user: User, events: Sequence[WireEvent]) -> None:
    """`at` is the time of the requests. The user has the right to report all of the events."""
    for start in range(0, len(events), _BATCH):
        some = WireColumns.of(events[start : start + _BATCH])
        await recording.record(acting_as(services, at, user), some)
