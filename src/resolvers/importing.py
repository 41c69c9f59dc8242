"""Imports events from files. They go the same way as all others.

Events are recognised by their ids, and a line without an id gets one made from its content. So an import
that was stopped need not remember where it was: when it is run again, it stores what is missing.
"""

from asyncio import Task, create_task, gather, sleep
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

from auth.viewer import ANONYMOUS, Viewer
from base.calendar import month_start
from base.ids import uuid7_instant
from database import PRAGMAS_BESIDE_OTHERS, PRAGMAS_FOR_MUCH, ensure_past_partitions
from ingest.event_imports import begin_import, end_import
from ingest.file_blocks import Block, Line, blocks_of
from ingest.files import EventFile
from ingest.outcomes import EventOutcome
from ingest.rejected_lines import content_of_event
from ingest.wire_columns import WireColumns
from resolvers.context import Context, Services
from resolvers.legacy_subjects import are_global, name_by_global_ids
from resolvers.recording import own_subjects, store_believed
from resolvers.rejects import Reject, Rejects

INVALID_EVENT = "INVALID_EVENT"
"""The reason for a line that is no event at all. All other reasons are those of the admission."""
_IN_FLIGHT: Final = {"sqlite": 1, "postgresql": 2}
"""How many batches are worked on. PostgreSQL writes one while the next is read. With SQLite, others who write
to the file get their turn while the next is read.
"""
_BESIDE_OTHERS: Final = 2_000
"""So many events share a transaction at most while others write to SQLite's file."""
_TURN_SECONDS: Final = 0.03
"""Longer than SQLite sleeps between its looks whether it may write, unless it waited for long already."""
_PRESENT_SECONDS: Final = 60.0
"""For so long others who wrote are expected to write again."""
_USUAL: Final = 36
"""How long a UUID is in its usual spelling."""
_REST: Final = "000-8000-000000000000"
"""What follows the version of an id."""


class Tally(Rejects):
    """What became of the lines so far."""

    def __init__(self) -> None:
        super().__init__()
        self.stored = 0
        self.duplicates = 0

    @property
    def lines(self) -> int:
        return self.stored + self.duplicates + self.rejected.total()


class _Stored(NamedTuple):
    """What became of a block."""

    stored: int
    duplicates: int
    rejects: list[Reject]


class Import:
    """Imports the lines of a file."""

    def __init__(
        self,
        services: Services,
        lines: Iterable[Line],
        *,
        viewer: Viewer | None = None,
        name: str = "",
        batch: int = 5_000,
        on_begin: Callable[[int], object] = lambda _: None,
        on_reject: Callable[[Reject], object] = lambda _: None,
        on_batch: Callable[[], object] = lambda: None,
    ) -> None:
        """Only events of the viewer's own subjects are stored; without a viewer, those of any subject.

        `name` is that of the file. `on_begin` is called with the number of the import.
        """
        self.tally = Tally()
        self.id: int | None = None
        """The number of the import, by which it is undone; None as long as no event was read."""
        self._name = name
        self._on_begin = on_begin
        self._services = services
        self._lines = lines
        self._viewer = viewer
        self._batch = batch
        self._on_reject = on_reject
        self._on_batch = on_batch
        self._months: set[date] = set()
        """The months that have a partition, or need none."""
        self._flying: deque[Task[_Stored]] = deque()
        self._version: object = None
        """Of SQLite's file, as it was before the last batch."""
        self._others_until = 0.0
        """Until then, others are expected to write to SQLite's file."""

    async def run(self) -> None:
        """Raises InvalidFile and UNAVAILABLE; what was read before is stored all the same. Raises CONFLICT if
        the import is undone meanwhile.
        """
        finished_at = None
        try:
            await self._run()
            finished_at = self._services.clock()
        finally:
            await self._end(finished_at)

    async def _begin(self) -> None:
        self.id = await begin_import(self._services.database, self._name, self._services.clock())
        self._services.buffer.import_id = self.id
        await self._services.database.expect(PRAGMAS_FOR_MUCH)
        self._on_begin(self.id)

    async def _end(self, finished_at: datetime | None) -> None:
        self._services.buffer.import_id = None
        if self.id is not None:
            counts = {"stored": self.tally.stored, "duplicates": self.tally.duplicates}
            rejected = self.tally.rejected.total()
            await end_import(self._services.database, self.id, finished_at, rejected=rejected, **counts)

    async def _run(self) -> None:
        try:
            for block in self._blocks():
                if self.id is None and block.columns.size:
                    await self._begin()
                self._flying.append(create_task(self._stored(block)))
                # The next one is read while nobody needs this one any more.
                del block
                await self._land(leaving=_IN_FLIGHT[self._services.database.dialect_name] - 1)
            await self._land(leaving=0)
        finally:
            for landed in await gather(*self._flying, return_exceptions=True):
                if not isinstance(landed, BaseException):
                    self._count(landed)

    def _blocks(self) -> Iterator[Block]:
        if isinstance(self._lines, EventFile):
            return self._lines.blocks(self._batch)
        return blocks_of(self._lines, self._batch)

    async def _land(self, *, leaving: int) -> None:
        while len(self._flying) > leaving:
            self._count(await self._flying.popleft())
            self._on_batch()

    def _count(self, stored: _Stored) -> None:
        self.tally.stored += stored.stored
        self.tally.duplicates += stored.duplicates
        for reject in stored.rejects:
            self.tally.reject(reject)
            self._on_reject(reject)

    async def _stored(self, block: Block) -> _Stored:
        context = Context(self._services, self._services.clock(), viewer=self._viewer or ANONYMOUS)
        if not are_global(block.columns):
            lines = block.lines()
            await name_by_global_ids(self._services.database, [line.event for line in lines if line.event])
            block = Block.of(lines)
        await self._make_partitions(block.columns.ids)
        asked = set(block.columns.subjects)
        subjects = await (
            own_subjects(context, asked)
            if self._viewer
            else self._services.subjects.find(context.loaders, asked)
        )
        outcomes = [
            await store_believed(context, columns, subjects, at_once=self._batch)
            async for columns in self._in_turns(block.columns)
        ]
        are_all_stored = block.are_all_events and not any(part.dropped for part in outcomes)
        rejects = [] if are_all_stored else _rejects(block.lines(), chain.from_iterable(outcomes))
        return _Stored(
            sum(part.stored for part in outcomes), sum(part.duplicates for part in outcomes), rejects
        )

    async def _in_turns(self, columns: WireColumns) -> AsyncIterator[WireColumns]:
        """The columns, in parts with pauses between them while others write to SQLite's file. SQLite keeps no
        queue: who waits is let in only by a pause.
        """
        before, self._version = self._version, await self._services.database.version_of_others()
        if before is not None and before != self._version:
            if not self._others_until:
                await self._services.database.expect(PRAGMAS_BESIDE_OTHERS)
            self._others_until = monotonic() + _PRESENT_SECONDS
        if monotonic() > self._others_until or columns.size <= _BESIDE_OTHERS:
            yield columns
            return
        for start in range(0, columns.size, _BESIDE_OTHERS):
            yield columns.between(start, start + _BESIDE_OTHERS)
            await sleep(_TURN_SECONDS)

    async def _make_partitions(self, ids: Sequence[str | None]) -> None:
        """Makes partitions for the past months of the ids, so that imported events are pruned with their
        month."""
        database = self._services.database
        if database.dialect_name != "postgresql":
            return
        if missing := _months_of(ids) - self._months:
            self._months |= missing
            await ensure_past_partitions(database, self._services.clock(), missing)


def _rejects(lines: Iterable[Line], outcomes: Iterable[EventOutcome]) -> list[Reject]:
    """In the order of the lines."""
    each = iter(outcomes)
    rejects = []
    for number, event, problem, content, file in lines:
        if event is None:
            rejects.append(Reject(number, INVALID_EVENT, problem, content, file))
        elif reason := next(each).reason:
            rejects.append(Reject(number, reason, content=content_of_event(event), file=file))
    return rejects


def _months_of(ids: Sequence[str | None]) -> set[date]:
    """The months in UTC, by their first days."""
    given = {id for id in ids if id and len(id) != _USUAL}
    # Ids whose first six digits are the same were made within five hours of each other.
    for head, rest in {(id[:6], id[13:15]) for id in ids if id and len(id) == _USUAL}:
        given |= {f"{head}{time}{rest}{_REST}" for time in ("00-0000", "ff-ffff")}
    return {month for id in given if (month := _month_of(id))}


def _month_of(id: str) -> date | None:
    """The month in UTC, by its first day; None if the id has no time in it."""
    try:
        made = uuid7_instant(UUID(id))
    except ValueError:
        return None
    return month_start(made.date()) if made else None
