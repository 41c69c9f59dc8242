"""Imports events from files. They go the same way as all others.

Events are recognised by their ids, and a line without an id gets one made from the file and the line. So an
import that was stopped need not remember where it was: when it is run again, it stores what is missing.
"""

from asyncio import Task, create_task, gather
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from uuid import UUID

from auth.viewer import ANONYMOUS, Viewer
from base.calendar import month_start
from base.ids import uuid7_instant
from database import ensure_past_partitions
from ingest.file_lines import LARGEST_BATCH, InvalidFile
from ingest.files import Line
from ingest.outcomes import EventStatus
from ingest.rejected_lines import content_of_event
from ingest.wire import WireEvent
from ingest.wire_columns import WireColumns
from resolvers.context import Context, Services
from resolvers.legacy_subjects import name_by_global_ids
from resolvers.recording import own_subjects, store_believed
from resolvers.rejects import Reject, Rejects

INVALID_EVENT = "INVALID_EVENT"
"""The reason for a line that is no event at all. All other reasons are those of the admission."""
_IN_FLIGHT = 3


class Tally(Rejects):
    """What became of the lines so far."""

    def __init__(self) -> None:
        super().__init__()
        self.stored = 0
        self.duplicates = 0

    @property
    def lines(self) -> int:
        return self.stored + self.duplicates + self.rejected.total()


class Import:
    """Imports the lines of a file. While a batch is being written, the next ones are read."""

    def __init__(
        self,
        services: Services,
        lines: Iterable[Line],
        *,
        viewer: Viewer | None = None,
        batch: int = 5_000,
        on_reject: Callable[[Reject], object] = lambda _: None,
        on_batch: Callable[[], object] = lambda: None,
    ) -> None:
        """Only events of the viewer's own subjects are stored; without a viewer, those of any subject."""
        self.tally = Tally()
        self._services = services
        self._lines = lines
        self._viewer = viewer
        self._batch = batch
        self._on_reject = on_reject
        self._on_batch = on_batch
        self._months: set[date] = set()
        """The months that have a partition, or need none."""
        self._flying: deque[Task[list[Reject | EventStatus]]] = deque()

    async def run(self) -> None:
        """Raises InvalidFile and UNAVAILABLE. What was read before is stored all the same."""
        try:
            for lines in _batches(self._lines, self._batch):
                self._flying.append(create_task(self._judged(lines)))
                await self._land(leaving=_IN_FLIGHT - 1)
            await self._land(leaving=0)
        finally:
            for landed in await gather(*self._flying, return_exceptions=True):
                if not isinstance(landed, BaseException):
                    self._count(landed)

    async def _land(self, *, leaving: int) -> None:
        while len(self._flying) > leaving:
            self._count(await self._flying.popleft())
            self._on_batch()

    def _count(self, verdicts: Iterable[Reject | EventStatus]) -> None:
        for verdict in verdicts:
            if verdict is EventStatus.STORED:
                self.tally.stored += 1
            elif isinstance(verdict, Reject):
                self.tally.reject(verdict)
                self._on_reject(verdict)
            else:
                self.tally.duplicates += 1

    async def _judged(self, lines: list[Line]) -> list[Reject | EventStatus]:
        """One verdict for each line, in order."""
        context = Context(self._services, self._services.clock(), viewer=self._viewer or ANONYMOUS)
        events = [line.event for line in lines if line.event is not None]
        await name_by_global_ids(self._services.database, events)
        await self._make_partitions(events)
        asked = {event.subject for event in events}
        subjects = await (
            own_subjects(context, asked)
            if self._viewer
            else self._services.subjects.find(context.loaders, asked)
        )
        outcomes = iter(await store_believed(context, WireColumns.of(events), subjects))
        verdicts: list[Reject | EventStatus] = []
        for number, event, problem, content, file in lines:
            if event is None:
                verdicts.append(Reject(number, INVALID_EVENT, problem, content, file))
                continue
            outcome = next(outcomes)
            if outcome.reason:
                verdicts.append(Reject(number, outcome.reason, content=content_of_event(event), file=file))
            else:
                verdicts.append(outcome.status)
        return verdicts

    async def _make_partitions(self, events: list[WireEvent]) -> None:
        """Makes partitions for the past months of the ids, so that imported events are pruned with their
        month."""
        database = self._services.database
        if database.dialect_name != "postgresql":
            return
        months = {month for event in events if event.id and (month := _month_of(event.id))}
        if missing := months - self._months:
            self._months |= missing
            await ensure_past_partitions(database, self._services.clock(), missing)


def _month_of(id: str) -> date | None:
    """The month in UTC, by its first day; None if the id has no time in it."""
    try:
        made = uuid7_instant(UUID(id))
    except ValueError:
        return None
    return month_start(made.date()) if made else None


def _batches(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Raises InvalidFile, after the last lines that could be read. What is kept of lines that are no events
    ends a batch, too: each of them may be long.
    """
    batch: list[Line] = []
    kept = 0
    try:
        for line in lines:
            batch.append(line)
            kept += len(line.content.event) + len(line.content.text)
            if len(batch) == size or kept > LARGEST_BATCH:
                yield batch
                batch, kept = [], 0
    except InvalidFile:
        yield batch
        raise
    yield batch
