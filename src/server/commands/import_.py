"""`viewgraph import`: stores the events of a file."""

from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from ingest.file_lines import InvalidFile
from ingest.file_times import FileTimes
from ingest.files import EventFile, Format
from ingest.rejected_lines import rejected_line_in_json
from resolvers.context import Services
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
from server.commands.run import run_with_services
from server.failures import Failure
from server.garbage import loaded_kept
from server.settings import settings_with

_YOUNG, _MIDDLE = 500_000, 10
"""A batch of events is a hundred thousand objects, and none of them is garbage while it is written."""


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
    email: As = None,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many events share a transaction.")
    ] = 10_000,
    time_zone: TimeZone = None,
    epoch: EpochOption = None,
    dates: DatesOption = None,
    rejects: RejectsPath = None,
    strict: Strict = False,
) -> None:
    """Store the events of a file: NDJSON, CSV or Parquet. Importing a file again changes nothing."""
    try:
        require_another(path, rejects)
        file = EventFile(path, format, times=FileTimes(zone_named(time_zone), epoch, dates))
        tally = run_with_services(
            settings_with(database_url=database_url),
            lambda services: _imported(services, file, email, batch, rejects),
            with_secret=True,
        )
    except InvalidFile as error:
        raise Failure(printable(str(error))) from None
    if strict and tally.rejected:
        raise typer.Exit(1)


async def _imported(
    services: Services, file: EventFile, email: str | None, batch: int, rejects: Path | None
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
                has_id = reason != INVALID_EVENT
                seed = None if has_id else content.seed or file.seed_of(line)
                sink.write(rejected_line_in_json(line, reason, detail, content, seed) + b"\n")

        def show() -> None:
            progress.update(bar, completed=file.bytes_read)

        viewer = await viewer_with(services, email)
        work = Import(services, file, viewer=viewer, batch=batch, on_reject=keep, on_batch=show)
        started = perf_counter()
        try:
            with loaded_kept(_YOUNG, _MIDDLE):
                await work.run()
        finally:
            progress.stop()
            typer.echo(_summary(file.path, work.tally, perf_counter() - started, rejects))
    return work.tally


def _summary(path: Path, tally: Tally, seconds: float, rejects: Path | None) -> str:
    words = [
        f"{path}: {tally.lines:,} events in {seconds:,.1f} s, {tally.lines / seconds:,.0f} a second",
        f"  stored      {tally.stored:>12,}",
        f"  duplicates  {tally.duplicates:>12,}",
        *reject_words(tally, rejects),
    ]
    return "\n".join(words)
