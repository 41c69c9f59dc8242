"""Imports totals of days without events, from any iterable of lines.

All lines are read and added up before anything is written. So the same import again finds that it says
nothing new, and an import that was stopped is simply run again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Final, NamedTuple

from auth.viewer import ANONYMOUS, Viewer
from base.calendar import day_of, time_zone
from ingest.deltas import SubjectKey
from ingest.domain_caps import USUAL_CAPS, SubjectDay
from ingest.domains import OTHER
from ingest.imported_totals import AT_A_TIME, require_room, said_by, say, source_named
from ingest.rejected_lines import content_of_event
from ingest.tenants import thinned_days
from ingest.topics import touched
from ingest.total_admission import CellKey, Rejected, TotalReason, admitted_total
from ingest.wire import WireSubject
from ingest.wire_totals import TotalLine
from loaders.subjects import Subject
from models import SubjectKind
from resolvers.context import Context, Services
from resolvers.legacy_subjects import name_by_global_ids
from resolvers.recording import own_subjects
from resolvers.rejects import Reject, Rejects

_LINES_AT_A_TIME: Final = 2_000
_SUBJECTS_AT_A_TIME: Final = 20
_COUNTED_TOGETHER: Final = (None, OTHER)
"""What a day may have beside the domains that are counted apart."""


class Change(NamedTuple):
    """Of what the source says of a cell."""

    before: int
    now: int


class _Place(NamedTuple):
    """Where a line stands."""

    line: int
    file: str


class TotalsTally(Rejects):
    """What became of the lines, and of the cells that they say something of."""

    def __init__(self) -> None:
        super().__init__()
        self.counted = 0
        """Lines that were taken in."""
        self.new = 0
        """Cells of which the source said nothing before."""
        self.changed = 0
        self.removed = 0
        """Cells that are 0 now."""
        self.same = 0
        self.difference = 0
        """What the totals have more than before; negative if they have less."""

    @property
    def lines(self) -> int:
        return self.counted + self.rejected.total()

    def compare(self, change: Change) -> None:
        self._count(change, 1)

    def take_back(self, change: Change) -> None:
        """Of a cell that was compared, and could not be stored."""
        self._count(change, -1)

    def _count(self, change: Change, sign: int) -> None:
        before, now = change
        self.difference += sign * (now - before)
        if now == before:
            self.same += sign
        elif not before:
            self.new += sign
        elif not now:
            self.removed += sign
        else:
            self.changed += sign


class _Cells:
    """What a source says, added up by cell."""

    def __init__(self) -> None:
        self._days: dict[SubjectDay, Counter[CellKey]] = {}
        self._places: dict[tuple[SubjectKind, int], _Place] = {}

    def add(self, cell: CellKey, line: TotalLine, count: int) -> None:
        """Raises Rejected if the cell's domain is one too many on its subject's day."""
        key = SubjectDay(cell.tenant_id, cell.kind, cell.subject_id, cell.day)
        day = self._days.setdefault(key, Counter())
        most = USUAL_CAPS.of_all
        if len(day) >= most and cell not in day and cell.domain not in _COUNTED_TOGETHER:
            domains = {one.domain for one in day}.difference(_COUNTED_TOGETHER)
            if cell.domain not in domains and len(domains) >= most:
                raise Rejected(
                    TotalReason.TOO_MANY_DOMAINS,
                    f"a day of a subject has at most {most:,} domains: add the others up as '(other)'",
                )
        day[cell] += count
        self._places.setdefault((cell.kind, cell.subject_id), _Place(line.number, line.file))

    def place_of(self, cell: CellKey) -> _Place:
        """The first line of the cell's subject."""
        return self._places[cell.kind, cell.subject_id]

    def by_subjects(self) -> Iterator[tuple[int, dict[CellKey, int]]]:
        """The cells of some subjects of one tenant at a time, and their tenant. Each is given once."""
        subjects: defaultdict[int, defaultdict[int, list[SubjectDay]]]
        subjects = defaultdict(lambda: defaultdict(list))
        for key in self._days:
            subjects[key.tenant_id][key.subject_id].append(key)
        for tenant_id, theirs in sorted(subjects.items()):
            ids = iter(sorted(theirs))
            while some := list(islice(ids, _SUBJECTS_AT_A_TIME)):
                days = (self._days.pop(key) for id in some for key in theirs[id])
                yield tenant_id, {cell: count for day in days for cell, count in day.items()}


class TotalsImport:
    """Imports what a source says. For each cell (subject, action, day, device and domain) that a line names,
    it replaces what the source said before. Lines of the same cell are added up.
    """

    def __init__(
        self,
        services: Services,
        lines: Iterable[TotalLine],
        *,
        source: str,
        viewer: Viewer | None = None,
        dry_run: bool = False,
        on_reject: Callable[[Reject], object] = lambda _: None,
        on_batch: Callable[[], object] = lambda: None,
    ) -> None:
        """Only totals of the viewer's own subjects are taken in; without a viewer, those of any subject.
        `lines` are read once. Raises BAD_USER_INPUT for the name of the source.
        """
        self.tally = TotalsTally()
        self._services = services
        self._lines = iter(lines)
        self._source = source_named(source)
        self._viewer = viewer
        self._dry_run = dry_run
        self._on_reject = on_reject
        self._on_batch = on_batch
        self._cells = _Cells()

    async def run(self) -> None:
        """Raises BAD_USER_INPUT if a total would become too large; then nothing is stored. Raises what the
        lines raise, before anything is stored.
        """
        while lines := list(islice(self._lines, _LINES_AT_A_TIME)):
            await self._take(lines)
            self._on_batch()
        changes = [await self._compared(tenant_id, cells) for tenant_id, cells in self._cells.by_subjects()]
        if not self._dry_run:
            for tenant_id, cells in changes:
                await self._store(tenant_id, cells)

    async def _take(self, lines: list[TotalLine]) -> None:
        context = Context(self._services, self._services.clock(), viewer=self._viewer or ANONYMOUS)
        await name_by_global_ids(self._services.database, [line.total for line in lines if line.total])
        asked = {line.total.subject for line in lines if line.total}
        subjects = await (
            own_subjects(context, asked)
            if self._viewer
            else self._services.subjects.find(context.loaders, asked)
        )
        tenants = {subject.tenant_id for subject in subjects.values()}
        firsts = await thinned_days(self._services.database, tenants)
        for line in lines:
            try:
                self._add(line, subjects, firsts, context.now)
            except Rejected as rejected:
                content = content_of_event(line.total) if line.total else line.content
                self._reject(Reject(line.number, rejected.reason, rejected.detail, content, line.file))

    def _add(
        self,
        line: TotalLine,
        subjects: Mapping[WireSubject, Subject],
        firsts: Mapping[int, date],
        now: datetime,
    ) -> None:
        """Raises Rejected."""
        if line.total is None:
            raise Rejected(TotalReason.INVALID_TOTAL, line.problem)
        subject = subjects.get(line.total.subject)
        today = day_of(now, time_zone(subject.time_zone)) if subject else now.date()
        first = firsts.get(subject.tenant_id) if subject else None
        self._cells.add(admitted_total(line.total, subject, today, first), line, line.total.count)
        self.tally.counted += 1

    def _reject(self, reject: Reject) -> None:
        self.tally.reject(reject)
        self._on_reject(reject)

    async def _compared(self, tenant_id: int, cells: dict[CellKey, int]) -> tuple[int, dict[CellKey, Change]]:
        """The tenant, and the cells of which the source says something else than before."""
        ids = {cell.subject_id for cell in cells}
        async with self._services.database.snapshot() as connection:
            said = await said_by(connection, tenant_id, self._source, ids)
            changed: dict[CellKey, Change] = {}
            raised: Counter[SubjectKey] = Counter()
            for cell, count in cells.items():
                change = Change(said.get(cell, 0), count)
                self.tally.compare(change)
                if change.now != change.before:
                    changed[cell] = change
                    raised[SubjectKey(tenant_id, cell.subject_id, cell.action)] += count - change.before
            await require_room(connection, raised)
        return tenant_id, changed

    async def _store(self, tenant_id: int, cells: dict[CellKey, Change]) -> None:
        waiting = iter(cells.items())
        while some := dict(islice(waiting, AT_A_TIME)):
            async with self._services.database.writing() as session:
                rejected = await say(
                    session, tenant_id, self._source, {cell: change.now for cell, change in some.items()}
                )
            for cell, why in rejected.items():
                self._take_back(cell, some[cell], why)
            self._services.topics.announce(touched(session))
            self._on_batch()

    def _take_back(self, cell: CellKey, change: Change, why: Rejected) -> None:
        """Of a cell that could be stored when its lines were read."""
        self.tally.take_back(change)
        self.tally.counted -= 1
        line, file = self._cells.place_of(cell)
        detail = f"{cell.action.name} of {cell.day}: {why.detail}"
        self._reject(Reject(line, why.reason, detail, file=file))
