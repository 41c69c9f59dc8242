"""Imports the rows of a catalog from a file, in batches.

A row is recognised by what it has. So an import that was stopped need not remember where it was: when it is
run again, it makes what is missing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from audit import Act, amend, operator, record
from base.calendar import month_start
from base.errors import BadUserInput, Unavailable
from base.retries import Backoff, retried
from database import bulk, ensure_past_partitions
from ingest.file_lines import LARGEST_BATCH, InvalidFile
from ingest.topics import touched
from resolvers.catalog.catalog_files import CatalogFile, Line, detail_of
from resolvers.catalog.kind import CatalogKind, Draft, ReadRow
from resolvers.catalog.kinds import KINDS
from resolvers.catalog.marks import MarkKind
from resolvers.catalog.placing import place
from resolvers.catalog.references import Resolved, resolved
from resolvers.catalog.rehearsal import AnyTables, Rehearsal
from resolvers.catalog.rows import MarkRow
from resolvers.catalog.tables import Tables
from resolvers.catalog.verdicts import Refused, Verdict
from resolvers.context import Services
from resolvers.rejects import Reject, Rejects

_BACKOFF: Final = Backoff(0.1, 5.0)
_MOST_ATTEMPTS: Final = 16
_MOST_CLASHES: Final = 3
"""How often somebody else may have made the same meanwhile."""


class CatalogTally(Rejects):
    """What became of the rows so far."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0
        self.placed: Counter[tuple[str, Verdict]] = Counter()
        """By kind and verdict."""


class CatalogImport:
    def __init__(
        self,
        services: Services,
        file: CatalogFile,
        *,
        batch: int = 1_000,
        is_dry: bool = False,
        on_reject: Callable[[Reject], object] = lambda _: None,
        on_batch: Callable[[], object] = lambda: None,
    ) -> None:
        """`is_dry`: whether nothing is written."""
        self.tally = CatalogTally()
        self._services = services
        self._file = file
        self._batch = batch
        self._rehearsal = Rehearsal(services.database) if is_dry else None
        self._on_reject = on_reject
        self._on_batch = on_batch
        self._entry: UUID | None = None
        """Of the audit trail: it tells the sums of all batches."""

    async def run(self) -> None:
        """Raises InvalidFile and UNAVAILABLE. What was read before is stored all the same."""
        for lines in _batches(self._file, self._batch):
            await self._import(lines)
            self._on_batch()

    async def _import(self, lines: Sequence[Line]) -> None:
        rejected = [_reject(line, line.refused) for line in lines if line.refused]
        of_kinds: defaultdict[CatalogKind, list[Line]] = defaultdict(list)
        for line in lines:
            if line.kind:
                of_kinds[line.kind].append(line)
        for kind in KINDS.values():
            if own := of_kinds[kind]:
                rejected += await self._import_kind(kind, own)
        self.tally.lines += len(lines)
        for one in sorted(rejected, key=attrgetter("line")):
            self.tally.reject(one)
            self._on_reject(one)

    async def _import_kind(self, kind: CatalogKind, lines: Sequence[Line]) -> list[Reject]:
        """Returns those that are refused."""
        drafts = await retried(partial(self._attempt, kind, lines), _pause_after)
        rejected = []
        for line, draft in zip(lines, drafts, strict=True):
            if isinstance(draft.verdict, Refused):
                rejected.append(_reject(line, draft.verdict))
            elif draft.verdict:
                self.tally.placed[kind.name, draft.verdict] += 1
        return rejected

    async def _attempt(self, kind: CatalogKind, lines: Sequence[Line], _: int) -> list[Draft]:
        if self._rehearsal:
            return await self._placed(self._rehearsal, kind, lines)
        if isinstance(kind, MarkKind):
            await self._make_partitions(lines)
        async with self._services.database.writing() as session:
            drafts = await self._placed(Tables(session, await bulk(session)), kind, lines)
            entry = await self._recorded(session, kind, drafts)
        self._entry = entry
        self._services.topics.announce(touched(session))
        return drafts

    async def _recorded(
        self, session: AsyncSession, kind: CatalogKind, drafts: Sequence[Draft]
    ) -> UUID | None:
        """The entry of the audit trail; None as long as nothing was made or changed."""
        placed = self.tally.placed + Counter(
            (kind.name, draft.verdict) for draft in drafts if isinstance(draft.verdict, Verdict)
        )
        sums = {
            f"{name} {verdict}": count
            for (name, verdict), count in sorted(placed.items())
            if verdict is not Verdict.UNCHANGED
        }
        if self._entry:
            await amend(session, self._entry, **sums)
            return self._entry
        if not sums:
            return None
        by = operator("import-catalog", self._services.clock())
        return (await record(session, by, Act.CATALOG_IMPORTED, None, **sums)).public_id

    async def _placed(self, tables: AnyTables, kind: CatalogKind, lines: Sequence[Line]) -> list[Draft]:
        now = self._services.clock()
        rows = [line.row for line in lines if line.row is not None]
        known = await resolved(tables.find, (one for row in rows for one in kind.references(row)))
        drafts = [_draft(kind, line, known, now) for line in lines]
        await place(tables, kind, [draft for draft in drafts if draft.verdict is None], now)
        return drafts

    async def _make_partitions(self, lines: Sequence[Line]) -> None:
        months = {
            month_start(line.row.created_at.astimezone(UTC).date())
            for line in lines
            if isinstance(line.row, MarkRow)
        }
        await ensure_past_partitions(self._services.database, self._services.clock(), months)


def _draft(kind: CatalogKind, line: Line, known: Resolved, now: datetime) -> Draft:
    draft = Draft(line.number)
    read = ReadRow(line.row, known, now)
    try:
        draft.given = kind.columns(read)
        draft.lists = kind.lists(read)
    except Refused as refused:
        draft.verdict = refused
    except BadUserInput as error:
        draft.verdict = Refused(str(error.extensions["reason"]), error.message)
    return draft


def _reject(line: Line, refused: Refused) -> Reject:
    return Reject(line.number, refused.reason, detail_of(refused), line.content)


def _pause_after(error: Exception, attempt: int) -> float | None:
    if isinstance(error, IntegrityError):
        return 0.0 if attempt < _MOST_CLASHES else None
    return _BACKOFF.pause(attempt) if isinstance(error, Unavailable) and attempt < _MOST_ATTEMPTS else None


def _batches(file: CatalogFile, size: int) -> Iterator[list[Line]]:
    """Raises InvalidFile, after the last lines that could be read. Long lines end a batch, too."""
    batch: list[Line] = []
    begun = 0
    try:
        for line in file:
            batch.append(line)
            if len(batch) == size or file.bytes_given - begun > LARGEST_BATCH:
                yield batch
                batch, begun = [], file.bytes_given
    except InvalidFile:
        yield batch
        raise
    yield batch
