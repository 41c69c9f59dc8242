"""The outcomes of reported events, from their admission to the commit, wherever they come in."""

from asyncio import sleep
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from enum import Enum
from itertools import chain, repeat
from typing import NamedTuple, Protocol, Self, cast
from uuid import UUID

from base.scheduler import batched
from database import current_usage
from ingest.admission import Dropped, Reason
from ingest.batch_writer import StoreResult
from ingest.buffer import Buffer
from ingest.column_admission import Odd
from ingest.domains import InvalidDomain, normal_domain
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.id_columns import usual_texts
from ingest.wire import WireEvent
from ingest.wire_columns import PlainEvent, WireColumns

JUDGED_AT_ONCE = 1_000
"""By columns."""
_JUDGED_ONE_BY_ONE = 250
_DOMAINS_AT_ONCE = 50


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


Result = StoreResult | Reason
_STATUSES: dict[StoreResult, EventStatus] = {
    StoreResult.NEW: EventStatus.STORED,
    StoreResult.KNOWN: EventStatus.DUPLICATE,
    StoreResult.REFUSED: EventStatus.DROPPED,
    StoreResult.GONE: EventStatus.DROPPED,
}
_REASONS = {
    StoreResult.REFUSED: Reason.REFUSED_BY_DATABASE,
    StoreResult.GONE: Reason.UNKNOWN_SUBJECT,
}


class _Judged(NamedTuple):
    """What the admission says of some events."""

    events: EventColumns
    """Those that were admitted."""
    reasons: Sequence[Reason | None]
    """Of each event, why it was dropped. Empty if none was."""
    clocks_behind: Sequence[int]
    """Of each admitted event. Empty if no time was put right."""


class WithIds(Protocol):
    @property
    def ids(self) -> Sequence[str | None]:
        """As they were given."""


class GivenIds(NamedTuple):
    ids: Sequence[str | None]

    @classmethod
    def of_events(cls, events: Sequence[PlainEvent]) -> Self:
        return cls([event.id for event in events])


class Outcomes:
    """One outcome for each event, in order. They are made when somebody reads them: most senders only count
    them.
    """

    def __init__(
        self, wire: WithIds, ids: Sequence[bytes], results: list[Result], clocks_behind: Sequence[int]
    ) -> None:
        self._given = wire.ids
        self._ids = ids
        """Of the events that were admitted."""
        self.results = results
        self.stored = results.count(StoreResult.NEW)
        self._clocks_behind = clocks_behind
        """Of the events that were admitted; empty if no time was put right."""

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[EventOutcome]:
        return map(EventOutcome, self.ids(), self.statuses(), self.reasons(), self.clocks_behind())

    @property
    def duplicates(self) -> int:
        return 0 if self.stored == len(self) else self.results.count(StoreResult.KNOWN)

    @property
    def dropped(self) -> int:
        return len(self.results) - self.stored - self.duplicates

    @property
    def corrected(self) -> int:
        """How many of the stored events have another time than was given."""
        return sum(1 for behind in self.clocks_behind() if behind)

    @property
    def are_plain(self) -> bool:
        """Whether there is no reason and no correction to tell."""
        return not self._clocks_behind and not self.dropped

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """How many have each status and reason. A reason is empty if there is nothing to say."""
        if self.results and self.stored == len(self):
            return Counter({(EventStatus.STORED.name, ""): len(self)})
        return Counter(zip(self.status_names(), [reason or "" for reason in self.reasons()], strict=True))

    def ids(self) -> list[UUID | str]:
        """As given, or as made here; empty for a dropped event without one."""
        admitted = iter(self._ids)
        return [
            (given or "") if isinstance(result, Reason) else UUID(bytes=next(admitted))
            for given, result in zip(self._given, self.results, strict=True)
        ]

    def id_texts(self) -> list[str]:
        texts = self._given
        if len(self._ids) == len(texts) and all(texts):
            usual = usual_texts(cast(Sequence[str], texts))
            if usual is not None:
                return usual
        return list(map(str, self.ids()))

    def statuses(self) -> list[EventStatus]:
        return [
            EventStatus.DROPPED if isinstance(result, Reason) else _STATUSES[result]
            for result in self.results
        ]

    def status_names(self) -> list[str]:
        if self.stored == len(self):
            return [EventStatus.STORED.name] * len(self)
        return [status.name for status in self.statuses()]

    def reasons(self) -> list[Reason | None]:
        if self.are_plain:
            return [None] * len(self)
        return [result if isinstance(result, Reason) else _REASONS.get(result) for result in self.results]

    def clocks_behind(self) -> list[int]:
        """0 for an event that is not stored now."""
        if not self._clocks_behind:
            return [0] * len(self)
        admitted = iter(self._clocks_behind)
        behind = [0 if isinstance(result, Reason) else next(admitted) for result in self.results]
        return [
            seconds if result is StoreResult.NEW else 0
            for seconds, result in zip(behind, self.results, strict=True)
        ]


async def admit_and_store(
    buffer: Buffer,
    wire: WireColumns,
    by_columns: Callable[[WireColumns], EventColumns],
    admit: Callable[[WireEvent], NewEvent],
    *,
    refreshed: frozenset[int] = frozenset(),
    at_once: int = JUDGED_AT_ONCE,
) -> Outcomes:
    """The outcome of each event, after the commit. If `by_columns` raises Odd, `admit` admits the events one
    by one. It raises Dropped. `at_once`: after so many events, others have a turn.
    """
    await _read_domains(wire)
    judged = await _judged_in_turns(wire, by_columns, admit, at_once)
    events = EventColumns.joined([one.events for one in judged]) if judged else EventColumns.none()
    given = GivenIds(wire.ids)
    # While the events wait, nobody needs what they were read from. Where that is freed first, the next events
    # lie closer together in memory, and take less time at every step.
    del wire
    stored = await buffer.add_columns(events, refreshed=refreshed)
    return Outcomes(given, events.ids, _results(judged, stored), _clocks_behind(judged))


async def _judged_in_turns(
    wire: WireColumns,
    by_columns: Callable[[WireColumns], EventColumns],
    admit: Callable[[WireEvent], NewEvent],
    at_once: int,
) -> list[_Judged]:
    judged: list[_Judged] = []
    for start in range(0, wire.size, at_once):
        if start:
            # Others, who sent less, do not have to wait for all of it.
            await sleep(0)
        some = wire.between(start, start + at_once) if wire.size > at_once else wire
        try:
            judged.append(_Judged(by_columns(some), (), ()))
        except Odd:
            judged += [one async for one in _judged_one_by_one(some.events(), admit)]
    return judged


async def _read_domains(wire: WireColumns) -> None:
    """Reading a thousand names takes ten milliseconds. They are remembered for the admission."""
    names = set(wire.domains)
    if len(names) > _DOMAINS_AT_ONCE:
        run_queue = current_usage().run_queue
        for some in batched(names, _DOMAINS_AT_ONCE):
            for name in some:
                with suppress(InvalidDomain):
                    normal_domain(name)
            await run_queue.step(_DOMAINS_AT_ONCE)


async def _judged_one_by_one(
    events: list[WireEvent], admit: Callable[[WireEvent], NewEvent]
) -> AsyncIterator[_Judged]:
    for start in range(0, len(events), _JUDGED_ONE_BY_ONE):
        verdicts = [_judged(admit, event) for event in events[start : start + _JUDGED_ONE_BY_ONE]]
        admitted = [verdict for verdict in verdicts if not isinstance(verdict, Reason)]
        reasons = [verdict if isinstance(verdict, Reason) else None for verdict in verdicts]
        yield _Judged(EventColumns.of(admitted), reasons, [event.clock_behind for event in admitted])
        await sleep(0)


def _judged(admit: Callable[[WireEvent], NewEvent], event: WireEvent) -> NewEvent | Reason:
    try:
        return admit(event)
    except Dropped as dropped:
        return dropped.reason


def _results(judged: Sequence[_Judged], stored: list[StoreResult]) -> list[Result]:
    if not any(one.reasons for one in judged):
        return list(stored)
    each = iter(stored)
    reasons = chain.from_iterable(one.reasons or repeat(None, one.events.size) for one in judged)
    return [next(each) if reason is None else reason for reason in reasons]


def _clocks_behind(judged: Sequence[_Judged]) -> list[int]:
    if not any(any(one.clocks_behind) for one in judged):
        return []
    return list(chain.from_iterable(one.clocks_behind or [0] * one.events.size for one in judged))
