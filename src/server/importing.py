"""`viewgraph import`: events from files, by the way that all others take.

Events are known by their ids, and a line without one gets one made from the file and the line. So an
import that was stopped needs no memory of where it was: run again, it stores what is missing.
"""

import asyncio
import sys
from asyncio import Task, create_task, gather
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Annotated, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from auth.viewer import Viewer
from base.errors import NotFound
from ingest.admission import Sender, admitted
from ingest.events import NewEvent
from ingest.files import EventFile, Format, InvalidFile, Line
from ingest.reports import EventStatus, report
from ingest.wire import WireEvent
from models import SubjectKind
from resolvers.context import Context, Services
from resolvers.recording import _own_subjects, _user, _users, _visitor
from server.services import close_services, services_of
from server.settings import Settings

INVALID_EVENT = "INVALID_EVENT"
"""The reason of a line that is no event at all; the others are those of the admission."""
_IN_FLIGHT = 3
_SHOWN = 20


class Reject(NamedTuple):
    line: int
    reason: str
    detail: str = ""


class Tally:
    """What became of the lines so far."""

    def __init__(self) -> None:
        self.stored = 0
        self.duplicates = 0
        self.rejected: Counter[str] = Counter()
        self.first_rejects: list[Reject] = []

    @property
    def lines(self) -> int:
        return self.stored + self.duplicates + self.rejected.total()

    def reject(self, reject: Reject) -> None:
        self.rejected[reject.reason] += 1
        if len(self.first_rejects) < _SHOWN:
            self.first_rejects.append(reject)


class Import:
    """One run over one file. While a batch is being written, the next ones are read."""

    def __init__(
        self,
        services: Services,
        file: EventFile,
        *,
        viewer: Viewer | None = None,
        batch: int = 5_000,
        on_reject: Callable[[Reject], object] = lambda _: None,
        on_batch: Callable[[], object] = lambda: None,
    ) -> None:
        """Only the viewer's subjects may be written; without a viewer, any."""
        self.tally = Tally()
        self._services = services
        self._file = file
        self._viewer = viewer
        self._batch = batch
        self._on_reject = on_reject
        self._on_batch = on_batch
        self._flying: deque[Task[list[Reject | EventStatus]]] = deque()

    async def run(self) -> None:
        """Raises InvalidFile and UNAVAILABLE; whatever was read before is then stored all the same."""
        try:
            for lines in _batches(self._file, self._batch):
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
        context = Context(self._services, self._services.clock(), viewer=self._viewer or Viewer(None))
        events = [line.event for line in lines if line.event is not None]
        asked = {event.subject for event in events}
        subjects = (
            await _own_subjects(context, asked)
            if self._viewer
            else await self._services.subjects.find(context.loaders, asked)
        )
        users = await _users(context, {event.user_id for event in events if event.user_id})

        def admit(event: WireEvent) -> NewEvent:
            subject = subjects.get(event.subject)
            visitor = _visitor(context, subject, event.visitor)
            return admitted(event, subject, Sender(context.now, user_id=_user(event, users), visitor=visitor))

        publications = {one.id for one in subjects.values() if one.kind is SubjectKind.PUBLICATION}
        outcomes = iter(await report(self._services.buffer, events, admit, refreshed=frozenset(publications)))
        verdicts: list[Reject | EventStatus] = []
        for line in lines:
            if line.event is None:
                verdicts.append(Reject(line.number, INVALID_EVENT, line.problem))
                continue
            outcome = next(outcomes)
            verdicts.append(Reject(line.number, outcome.reason) if outcome.reason else outcome.status)
        return verdicts


def _batches(file: EventFile, size: int) -> Iterator[list[Line]]:
    """Raises InvalidFile, after the last lines that could be read."""
    batch: list[Line] = []
    try:
        for line in file:
            batch.append(line)
            if len(batch) == size:
                yield batch
                batch = []
    except InvalidFile:
        yield batch
        raise
    yield batch


def import_events(
    path: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    format: Annotated[
        Format | None, typer.Option(help="What the file is; by its name when absent. Also packed by gzip.")
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", help="Where the data is; VIEWGRAPH_DATABASE_URL when absent."),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="Whose subjects may be written; any when absent."),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many events share a transaction.")
    ] = 5_000,
    rejects: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to write every rejected line, as NDJSON.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a line was rejected.")] = False,
) -> None:
    """Store the events of a file: NDJSON, CSV or Parquet. A second time changes nothing."""
    settings = Settings(database_url=database_url) if database_url else Settings()
    try:
        file = EventFile(path, format)
        tally = asyncio.run(_imported(settings, file, email, batch, rejects))
    except InvalidFile as error:
        typer.echo(_printable(str(error)), err=True)
        raise typer.Exit(1) from None
    if strict and tally.rejected:
        raise typer.Exit(1)


async def _imported(
    settings: Settings, file: EventFile, email: str | None, batch: int, rejects: Path | None
) -> Tally:
    services = services_of(settings)
    with rejects.open("wb") if rejects else nullcontext() as sink, _progress() as progress:
        bar = progress.add_task(file.path.name, total=file.bytes)

        def keep(reject: Reject) -> None:
            if sink:
                sink.write(msgspec.json.encode(reject._asdict()) + b"\n")

        def show() -> None:
            progress.update(bar, completed=file.bytes_read)

        started = perf_counter()
        try:
            viewer = await _viewer(services, email) if email else None
            work = Import(services, file, viewer=viewer, batch=batch, on_reject=keep, on_batch=show)
            try:
                await work.run()
            finally:
                progress.stop()
                typer.echo(_summary(file.path, work.tally, perf_counter() - started, rejects))
        finally:
            await close_services(services)
    return work.tally


async def _viewer(services: Services, email: str) -> Viewer:
    context = Context(services, services.clock())
    known = await context.loaders.password_by_email.load(email.strip().lower())
    if known is None:
        raise NotFound("There is no account with this email.")
    return Viewer(known.user_id)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _summary(path: Path, tally: Tally, seconds: float, rejects: Path | None) -> str:
    rejected = tally.rejected.total()
    words = [
        f"{path}: {tally.lines:,} events in {seconds:,.1f} s, {tally.lines / seconds:,.0f} a second",
        f"  stored      {tally.stored:>12,}",
        f"  duplicates  {tally.duplicates:>12,}",
        f"  rejected    {rejected:>12,}",
        *(f"    {count:>12,}  {reason}" for reason, count in tally.rejected.most_common()),
        *(
            f"  line {reject.line}: {reject.reason} {_printable(reject.detail)}".rstrip()
            for reject in tally.first_rejects
        ),
    ]
    if more := rejected - len(tally.first_rejects):
        words.append(f"  and {more:,} more: {f'all are in {rejects}' if rejects else 'see --rejects'}")
    return "\n".join(words)


def _printable(text: str) -> str:
    """What a file says is no command to a terminal."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
