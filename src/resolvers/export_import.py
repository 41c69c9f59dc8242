"""Imports what readers found in an export: events, and totals of days without events."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from auth.viewer import Viewer
from exports.found import DayTotal, Event, Found, Note, Place, Unusable
from exports.mapping import Rule, Rules, What
from exports.notes import Notes
from ingest.admission import Reason
from ingest.files import Line
from ingest.rejected_lines import Content, content_of_event
from ingest.wire import WireSubject
from resolvers.context import Context, Services
from resolvers.export_events import EventLines
from resolvers.export_subjects import Meaning, Meanings
from resolvers.export_totals import DayTotals
from resolvers.importing import INVALID_EVENT, Import, Tally
from resolvers.importing_totals import TotalsImport, TotalsTally
from resolvers.recording import own_subjects
from resolvers.rejects import Reject

_LINES_AT_A_TIME: Final = 2_000
_REPLACED: Final = "totals are in two files: what the later file says counts."
NOT_IN_TABLE: Final = "NOT_IN_TABLE"
"""The reason for what the user's table does not have."""


class ExportImport:
    def __init__(
        self,
        services: Services,
        found: Iterable[Found],
        rules: Rules,
        meanings: Meanings,
        *,
        source: str,
        viewer: Viewer | None = None,
        dry_run: bool = False,
        on_begin: Callable[[int], object] = lambda _: None,
        on_reject: Callable[[Reject], object] = lambda _: None,
        on_rejected_total: Callable[[Reject], object] = lambda _: None,
        on_batch: Callable[[], object] = lambda: None,
    ) -> None:
        """`source`: what comes again from one source is recognised. Only what is of the viewer's own
        subjects is stored; without a viewer, that of any subject.
        """
        self.events = Tally()
        """In a dry run, what would be stored counts as stored."""
        self.totals = TotalsTally()
        self.zones: set[str] = set()
        """The reporting time zones of the subjects that have totals."""
        self.unmapped: Counter[What] = Counter()
        self.ignored = 0
        """How much the table leaves out on purpose."""
        self.bots = 0
        self.notes = Notes()
        self._services = services
        self._found = found
        self._rules = rules
        self._meanings = meanings
        self._used: set[Rule] = set()
        self._source = source
        self._viewer = viewer
        self._lines_of = EventLines(source)
        self._totals = DayTotals()
        self.is_dry = dry_run
        self._on_begin = on_begin
        self._on_reject = on_reject
        self._on_rejected_total = on_rejected_total
        self._on_batch = on_batch

    @property
    def unused(self) -> list[Rule]:
        """Lines of the table that matched nothing."""
        return [rule for rule in self._rules if rule not in self._used]

    async def run(self) -> None:
        """Raises InvalidFile and UNAVAILABLE: the events that were read before are stored all the same.
        BAD_USER_INPUT is raised as by `TotalsImport`.
        """
        if self.is_dry:
            await self._count(self._lines())
        else:
            work = Import(
                self._services,
                self._lines(),
                viewer=self._viewer,
                name=self._source,
                on_begin=self._on_begin,
                on_reject=self._on_reject,
                on_batch=self._on_batch,
            )
            self.events = work.tally
            await work.run()
        await self._import_totals()

    async def _import_totals(self) -> None:
        work = TotalsImport(
            self._services,
            self._totals.lines(),
            source=self._source,
            viewer=self._viewer,
            dry_run=self.is_dry,
            on_reject=self._on_rejected_total,
            on_batch=self._on_batch,
        )
        self.totals = work.tally
        await work.run()
        if self._totals.replaced:
            self.notes.add(Note(_REPLACED, self._totals.replaced))
        loaders = Context(self._services, self._services.clock()).loaders
        subjects = await self._services.subjects.find(loaders, self._totals.subjects)
        self.zones = {subject.time_zone for subject in subjects.values()}

    async def _count(self, lines: Iterator[Line]) -> None:
        while some := list(islice(lines, _LINES_AT_A_TIME)):
            known = await self._known({line.event.subject for line in some if line.event})
            for number, event, problem, content, file in some:
                if event is None:
                    self._reject(Reject(number, INVALID_EVENT, problem, content, file))
                elif event.subject not in known:
                    content = content_of_event(event)
                    self._reject(Reject(number, Reason.UNKNOWN_SUBJECT, "", content, file))
                else:
                    self.events.stored += 1

    async def _known(self, asked: set[WireSubject]) -> Collection[WireSubject]:
        """Those whose events the viewer may report."""
        if self._viewer is None:
            return asked
        context = Context(self._services, self._services.clock(), viewer=self._viewer)
        return await own_subjects(context, asked)

    def _reject(self, reject: Reject) -> None:
        self.events.reject(reject)
        self._on_reject(reject)

    def _lines(self) -> Iterator[Line]:
        for one in self._found:
            match one:
                case Event():
                    yield from self._lines_of_event(one)
                case DayTotal():
                    self._totals.add(one, self._meant(one, one.count))
                case Unusable():
                    yield Line(one.place.line, None, one.reason, Content(text=one.text), one.place.file)
                case Note():
                    self.notes.add(one)

    def _lines_of_event(self, event: Event) -> Iterable[Line]:
        meanings = self._meant(event, 1)
        if not meanings:
            return ()
        if self._lines_of.is_bot(event):
            self.bots += 1
            self._leave(event.place, Reason.BOT, event.agent or "")
            return ()
        return self._lines_of.of(event, meanings)

    def _meant(self, one: Event | DayTotal, count: int) -> list[Meaning]:
        what = What(one.path, one.name)
        rules = self._rules.of(what)
        self._used.update(rules)
        meanings = [meaning for rule in rules if (meaning := self._meanings[rule])]
        if not rules:
            self.unmapped[what] += count
            self._leave(one.place, NOT_IN_TABLE, f"{count:,} of {what}")
        elif not meanings:
            self.ignored += count
        return meanings

    def _leave(self, place: Place, reason: str, detail: str) -> None:
        self._on_reject(Reject(place.line, reason, detail, file=place.file))
