"""From reported events to outcomes: the way of every door, from admission to the commit."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from ingest.admission import Dropped, Reason
from ingest.buffer import Buffer
from ingest.events import NewEvent
from ingest.wire import WireEvent


class EventStatus(Enum):
    STORED = "STORED"
    DUPLICATE = "DUPLICATE"
    DROPPED = "DROPPED"


class EventOutcome(NamedTuple):
    id: UUID | str
    status: EventStatus
    reason: Reason | None = None


async def report(
    buffer: Buffer,
    events: Sequence[WireEvent],
    admit: Callable[[WireEvent], NewEvent],
    *,
    refreshed: frozenset[int] = frozenset(),
) -> list[EventOutcome]:
    """One outcome for each event, in order, after the commit. `admit` raises Dropped."""
    judged = [_judged(admit, event) for event in events]
    outcome = await buffer.add(
        [event for event in judged if isinstance(event, NewEvent)], refreshed=refreshed
    )
    unclaimed = set(outcome.new)
    outcomes = []
    for event, verdict in zip(events, judged, strict=True):
        if isinstance(verdict, Reason):
            outcomes.append(EventOutcome(event.id or "", EventStatus.DROPPED, verdict))
            continue
        key = (verdict.tenant_id, verdict.id)
        if key in outcome.poisonous:
            outcomes.append(EventOutcome(verdict.id, EventStatus.DROPPED, Reason.REFUSED_BY_DATABASE))
        elif key in unclaimed:
            unclaimed.discard(key)
            outcomes.append(EventOutcome(verdict.id, EventStatus.STORED))
        else:
            outcomes.append(EventOutcome(verdict.id, EventStatus.DUPLICATE))
    return outcomes


def _judged(admit: Callable[[WireEvent], NewEvent], event: WireEvent) -> NewEvent | Reason:
    try:
        return admit(event)
    except Dropped as dropped:
        return dropped.reason
