"""The outcomes of reported events, from their admission to the commit, wherever they come in."""

from asyncio import sleep
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from ingest.admission import Dropped, Reason
from ingest.batch_writer import StoreResult
from ingest.buffer import Buffer
from ingest.events import NewEvent
from ingest.wire import WireEvent

_JUDGED_AT_ONCE = 250


class EventStatus(Enum):
    STORED = "STORED"
    DUPLICATE = "DUPLICATE"
    DROPPED = "DROPPED"


class EventOutcome(NamedTuple):
    id: UUID | str
    status: EventStatus
    reason: Reason | None = None
    clock_behind: int = 0
    """In seconds, as in `NewEvent`; 0 if its time was not put right."""


_MEANINGS: dict[StoreResult, tuple[EventStatus, Reason | None]] = {
    StoreResult.NEW: (EventStatus.STORED, None),
    StoreResult.KNOWN: (EventStatus.DUPLICATE, None),
    StoreResult.REFUSED: (EventStatus.DROPPED, Reason.REFUSED_BY_DATABASE),
}


async def admit_and_store(
    buffer: Buffer,
    events: Sequence[WireEvent],
    admit: Callable[[WireEvent], NewEvent],
    *,
    refreshed: frozenset[int] = frozenset(),
) -> list[EventOutcome]:
    """One outcome for each event, in order, after the commit. `admit` raises Dropped."""
    judged: list[NewEvent | Reason] = []
    for start in range(0, len(events), _JUDGED_AT_ONCE):
        if start:
            # Others, who sent less, do not have to wait for all of it.
            await sleep(0)
        judged += [_judged(admit, event) for event in events[start : start + _JUDGED_AT_ONCE]]
    admitted = [verdict for verdict in judged if not isinstance(verdict, Reason)]
    results = iter(await buffer.add(admitted, refreshed=refreshed))
    return [
        EventOutcome(event.id or "", EventStatus.DROPPED, verdict)
        if isinstance(verdict, Reason)
        else _outcome(verdict, next(results))
        for event, verdict in zip(events, judged, strict=True)
    ]


def _outcome(event: NewEvent, result: StoreResult) -> EventOutcome:
    return EventOutcome(event.id, *_MEANINGS[result], event.clock_behind if result is StoreResult.NEW else 0)


def _judged(admit: Callable[[WireEvent], NewEvent], event: WireEvent) -> NewEvent | Reason:
    try:
        return admit(event)
    except Dropped as dropped:
        return dropped.reason
