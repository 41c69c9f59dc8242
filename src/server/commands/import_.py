"""`viewgraph import`: stores the events of a file."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated

import msgspec
import typer

from ingest.event_imports import ImportRow, event_imports
from ingest.file_lines import InvalidFile
from ingest.file_times import FileTimes
from ingest.files import EventFile, Format
from ingest.rejected_lines import rejected_line_in_json
from resolvers.context import Services
from resolvers.import_undo import undo_import
from resolvers.importing import INVALID_EVENT, Import, Tally
from resolvers.rejects import Reject
from server.accounts import viewer_with
from server.commands.files import (
    As,
    DatesOption,
    EpochOption,
    RejectsPath,
    Strict,
    TimeZone,
    printable,
    reject_words,
    require_another,
    zone_named,
)
from server.commands.options import DatabaseUrl
from server.commands.progress import bars
from server.commands.run import run_with_database, run_with_services
from server.failures import Failure
from server.garbage import loaded_kept
from server.settings import Settings, settings_with

_Number = Annotated[
    int | None, typer.Option("--undo", metavar="NUMBER", help="Undo the import of this number.")
]

_YOUNG, _MIDDLE = 500_000, 10
"""A batch of events is a hundred thousand objects, and none of them is garbage while it is written."""


def import_events(
    path: Annotated[
        Path | None, typer.Argument(metavar="FILE", exists=True, dir_okay=False, show_default=False)
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            help="The format; by the file's name when absent. CSV has commas, semicolons or tabs. NDJSON and "
            "CSV may be gzipped, and are in UTF-8 or UTF-16."
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    email: As = None,
    batch: Annotated[
        int, typer.Option(min=1, max=20_000, help="How many events share a transaction.")
    ] = 20_000,
    time_zone: TimeZone = None,
    epoch: EpochOption = None,
    dates: DatesOption = None,
    apart: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Lines without an id are other events than the same lines of files without this name.",
        ),
    ] = "",
    rejects: RejectsPath = None,
    strict: Strict = False,
    undone: _Number = None,
    listed: Annotated[bool, typer.Option("--list", help="List all imports, newest first.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON: one object for each import.")] = False,
) -> None:
    """Store the events of a file: NDJSON, CSV or Parquet. Importing a file again changes nothing."""
    if sum((path is not None, undone is not None, listed)) != 1:
        raise Failure("Give one of these: a FILE, --undo with the number of an import, or --list.")
    settings = settings_with(database_url=database_url)
    if path is None:
        _of_imports(settings, undone, json=json)
        return
    try:
        require_another(path, rejects)
        times = FileTimes(zone_named(time_zone), epoch, dates)
        file = EventFile(path, format, times=times, apart=apart)
        tally = run_with_services(
            settings,
            lambda services: _imported(services, file, email, batch, rejects, json=json),
            with_secret=True,
        )
    except InvalidFile as error:
        raise Failure(printable(str(error))) from None
    if strict and tally.rejected:
        raise typer.Exit(1)


async def _imported(
    services: Services, file: EventFile, email: str | None, batch: int, rejects: Path | None, *, json: bool
) -> Tally:
    from rich.progress import DownloadColumn, TimeRemainingColumn

    with (
        rejects.open("wb") if rejects else nullcontext() as sink,
        bars(DownloadColumn(), TimeRemainingColumn(), stay=True) as progress,
    ):
        bar = progress.add_task(file.path.name, total=file.bytes)

        def keep(reject: Reject) -> None:
            if sink:
                line, reason, detail, content, _ = reject
                seed = content.seed if reason == INVALID_EVENT else None
                sink.write(rejected_line_in_json(line, reason, detail, content, seed) + b"\n")

        work = Import(
            services,
            file,
            viewer=await viewer_with(services, email),
            name=file.path.name,
            batch=batch,
            on_begin=lambda id: typer.echo(undo_words(id), err=True),
            on_reject=keep,
            on_batch=lambda: progress.update(bar, completed=file.bytes_read),
        )
        started = perf_counter()
        try:
            with loaded_kept(_YOUNG, _MIDDLE):
                await work.run()
        finally:
            progress.stop()
            if json and work.id:
                (row,) = await event_imports(services.database, work.id)
                typer.echo(_json(row))
            else:
                typer.echo(_summary(file.path, work, perf_counter() - started, rejects))
    return work.tally


def undo_words(id: int) -> str:
    return f"This is import {id}: `viewgraph import --undo {id}` undoes it."


def _summary(path: Path, work: Import, seconds: float, rejects: Path | None) -> str:
    tally = work.tally
    words = [
        f"{path}: {tally.lines:,} events in {seconds:,.1f} s, {tally.lines / seconds:,.0f} a second",
        f"  import      {work.id or '-':>12}",
        f"  stored      {tally.stored:>12,}",
        f"  duplicates  {tally.duplicates:>12,}",
        *reject_words(tally, rejects),
    ]
    return "\n".join(words)


def _of_imports(settings: Settings, undone: int | None, *, json: bool) -> None:
    """Undoes the import of this number, or lists all if there is none."""
    if undone is None:
        rows = run_with_database(settings, event_imports)
    else:
        rows = [run_with_services(settings, lambda services: _undone(services, undone))]
    if json:
        typer.echo("\n".join(map(_json, rows)))
        return
    typer.echo("\t".join(_HEADINGS))
    for row in rows:
        typer.echo("\t".join(_cells(row)))


async def _undone(services: Services, id: int) -> ImportRow:
    (row,) = await event_imports(services.database, id)
    with bars() as progress:
        bar = progress.add_task(f"Undoing {id}", total=row.events)
        removed = await undo_import(
            services, id, datetime.now(UTC), on_batch=lambda n: progress.advance(bar, n)
        )
    typer.echo(f"Events taken out again: {removed:,}.", err=True)
    (row,) = await event_imports(services.database, id)
    if row.events:
        typer.echo(f"{row.events:,} events were deleted or pruned: totals of pruned days stay.", err=True)
    return row


_HEADINGS = ("import", "started", "state", "stored", "duplicates", "rejected", "kept", "file")


def _cells(row: ImportRow) -> list[str]:
    counts = (row.stored, row.duplicates, row.rejected, row.events)
    started = f"{row.started_at:%Y-%m-%dT%H:%M:%SZ}"
    return [str(row.id), started, row.state, *map(str, counts), printable(row.file)]


def _json(row: ImportRow) -> str:
    told = row._asdict() | {"state": row.state}
    return msgspec.json.encode(told).decode()
