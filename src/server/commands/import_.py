"""`viewgraph import`: stores the events of a file."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from auth.viewer import Viewer
from base import calendar
from ingest.file_lines import InvalidFile
from ingest.file_times import Dates, Epoch, FileTimes
from ingest.files import EventFile, Format
from ingest.rejected_lines import rejected_line_in_json
from resolvers.context import Context
from resolvers.importing import INVALID_EVENT, Import, Reject, Rejects, Tally
from server.accounts import user_id_of
from server.commands.options import DatabaseUrl
from server.commands.progress import bars
from server.failures import Failure
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
    time_zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="The zone of times without an offset, such as Europe/Paris. When absent, such lines are "
            "rejected.",
        ),
    ] = None,
    epoch: Annotated[
        Epoch | None,
        typer.Option(
            help="What times that are numbers count: seconds (s), ms, us or ns since 1970 in UTC, or Excel's "
            "days in --time-zone. When absent, such lines are rejected."
        ),
    ] = None,
    dates: Annotated[
        Dates | None,
        typer.Option(
            help="What is first in dates such as 3/4/2025. When absent, lines with such dates are rejected."
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="Where to write every rejected line with its content, as NDJSON. Once mended, this file can "
            "be imported.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a line was rejected.")] = False,
) -> None:
    """Store the events of a file: NDJSON, CSV or Parquet. Importing a file again changes nothing."""
    settings = settings_with(database_url=database_url)
    try:
        require_another(path, rejects)
        file = EventFile(path, format, times=FileTimes(_zone(time_zone), epoch, dates))
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
                line, reason, detail, content = reject
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


def require_another(path: Path, rejects: Path | None) -> None:
    if rejects and rejects.exists() and rejects.samefile(path):
        raise Failure("--rejects names the file that is imported, which would be lost: name another one.")


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return calendar.time_zone(name) if name else None
    except calendar.UnknownTimeZone as error:
        raise Failure(f"--time-zone: {error}.") from None


def _summary(path: Path, tally: Tally, seconds: float, rejects: Path | None) -> str:
    words = [
        f"{path}: {tally.lines:,} events in {seconds:,.1f} s, {tally.lines / seconds:,.0f} a second",
        f"  stored      {tally.stored:>12,}",
        f"  duplicates  {tally.duplicates:>12,}",
        *reject_words(tally, rejects),
    ]
    return "\n".join(words)


def reject_words(tally: Rejects, rejects: Path | None) -> list[str]:
    """Lines that say how many lines were rejected for which reason, and show the first ones."""
    rejected = tally.rejected.total()
    words = [
        f"  rejected    {rejected:>12,}",
        *(f"    {count:>12,}  {reason}" for reason, count in tally.rejected.most_common()),
        *(
            f"  line {reject.line}: {reject.reason} {printable(reject.detail)}".rstrip()
            for reject in tally.first_rejects
        ),
    ]
    if more := rejected - len(tally.first_rejects):
        words.append(f"  and {more:,} more: {f'all are in {rejects}' if rejects else 'see --rejects'}")
    return words


def printable(text: str) -> str:
    """A file must not send commands to a terminal."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
