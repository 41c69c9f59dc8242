"""`viewgraph import`: stores the events of a file."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from auth.viewer import Viewer
from ingest.file_lines import InvalidFile
from ingest.file_times import FileTimes
from ingest.files import EventFile, Format
from ingest.rejected_lines import rejected_line_in_json
from resolvers.context import Context
from resolvers.importing import INVALID_EVENT, Import, Tally
from resolvers.rejects import Reject
from server.accounts import user_id_of
from server.commands.files import (
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
from server.revisions import require_current
from server.services import close_services, services_of
from server.settings import Settings, settings_with


def import_events(
    path: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    format: Annotated[
        Format | None,
        typer.Option(
            help="The format; by the file's name when absent. CSV has commas, semicolons or tabs. NDJSON and "
            "CSV may be gzipped, and are in UTF-8 or UTF-16."
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    email: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="EMAIL", help="Store only what this account may report; all when absent."
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many events share a transaction.")
    ] = 5_000,
    time_zone: TimeZone = None,
    epoch: EpochOption = None,
    dates: DatesOption = None,
    rejects: RejectsPath = None,
    strict: Strict = False,
) -> None:
    """Store the events of a file: NDJSON, CSV or Parquet. Importing a file again changes nothing."""
    settings = settings_with(database_url=database_url)
    try:
        require_another(path, rejects)
        file = EventFile(path, format, times=FileTimes(zone_named(time_zone), epoch, dates))
        tally = asyncio.run(_imported(settings, file, email, batch, rejects))
    except InvalidFile as error:
        typer.echo(printable(str(error)), err=True)
        raise typer.Exit(1) from None
    if strict and tally.rejected:
        raise typer.Exit(1)


async def _imported(
    settings: Settings, file: EventFile, email: str | None, batch: int, rejects: Path | None
) -> Tally:
    from rich.progress import DownloadColumn, TimeRemainingColumn

    await require_current(settings.database_url)
    services = services_of(settings, are_patient=True)
    with (
        rejects.open("wb") if rejects else nullcontext() as sink,
        bars(DownloadColumn(), TimeRemainingColumn(), stay=True) as progress,
    ):
        bar = progress.add_task(file.path.name, total=file.bytes)

        def keep(reject: Reject) -> None:
            if sink:
                line, reason, detail, content, _ = reject
                has_id = reason != INVALID_EVENT
                seed = None if has_id else content.seed or file.seed_of(line)
                sink.write(rejected_line_in_json(line, reason, detail, content, seed) + b"\n")

        def show() -> None:
            progress.update(bar, completed=file.bytes_read)

        started = perf_counter()
        try:
            viewer = Viewer(await user_id_of(Context(services, services.clock()), email)) if email else None
            work = Import(services, file, viewer=viewer, batch=batch, on_reject=keep, on_batch=show)
            try:
                await work.run()
            finally:
                progress.stop()
                typer.echo(_summary(file.path, work.tally, perf_counter() - started, rejects))
        finally:
            await close_services(services)
    return work.tally


def _summary(path: Path, tally: Tally, seconds: float, rejects: Path | None) -> str:
    words = [
        f"{path}: {tally.lines:,} events in {seconds:,.1f} s, {tally.lines / seconds:,.0f} a second",
        f"  stored      {tally.stored:>12,}",
        f"  duplicates  {tally.duplicates:>12,}",
        *reject_words(tally, rejects),
    ]
    return "\n".join(words)
