"""`viewgraph import-catalog`: makes the objects of a file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, BinaryIO

import typer

from ingest.file_lines import InvalidFile
from ingest.file_times import FileTimes
from ingest.files import Format
from resolvers.catalog.catalog_files import CatalogFile
from resolvers.catalog.catalog_import import CatalogImport, CatalogTally
from resolvers.catalog.kinds import KINDS
from resolvers.catalog.verdicts import Verdict
from resolvers.context import Services
from server.commands.files import (
    DatesOption,
    EpochOption,
    RejectsPath,
    Strict,
    TimeZone,
    printable,
    reject_words,
    rejects_into,
    require_another,
    zone_named,
)
from server.commands.options import DatabaseUrl
from server.commands.progress import bars
from server.commands.run import run_with_services
from server.failures import Failure
from server.settings import settings_with

_ONLY_FOR_ITS_OWNER = 0o600


def import_catalog(
    path: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help=f"What the rows are that have no `kind` of their own: {', '.join(KINDS)}.",
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="NDJSON or CSV, which may be gzipped; by the file's name when absent."),
    ] = None,
    database_url: DatabaseUrl = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made, and store nothing.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many rows are read before they are stored.")
    ] = 1_000,
    time_zone: TimeZone = None,
    epoch: EpochOption = None,
    dates: DatesOption = None,
    rejects: RejectsPath = None,
    strict: Strict = False,
) -> None:
    """Make users, publications, organizations and others of a file: NDJSON or CSV.

    Importing a file again changes nothing.
    """
    require_another(path, rejects)
    if kind is not None and kind not in KINDS:
        raise Failure(f"--kind: {kind} is no kind. The kinds are {', '.join(KINDS)}.")
    try:
        file = CatalogFile(path, format, FileTimes(zone_named(time_zone), epoch, dates), kind)
        tally = run_with_services(
            settings_with(database_url=database_url),
            lambda services: _imported(services, file, batch, rejects, is_dry=dry_run),
        )
    except InvalidFile as error:
        raise Failure(printable(str(error))) from None
    if strict and tally.rejected:
        raise typer.Exit(1)


async def _imported(
    services: Services, file: CatalogFile, batch: int, rejects: Path | None, *, is_dry: bool
) -> CatalogTally:
    from rich.progress import DownloadColumn, TimeRemainingColumn

    with (
        _rejected_rows(rejects) as sink,
        bars(DownloadColumn(), TimeRemainingColumn(), stay=True) as progress,
    ):
        bar = progress.add_task(file.path.name, total=file.bytes)

        work = CatalogImport(
            services,
            file,
            batch=batch,
            is_dry=is_dry,
            on_reject=rejects_into(sink, "row"),
            on_batch=lambda: progress.update(bar, completed=file.bytes_read),
        )
        started = perf_counter()
        try:
            await work.run()
        finally:
            progress.stop()
            typer.echo(_summary(file.path, work.tally, perf_counter() - started, is_dry=is_dry))
            typer.echo("\n".join(reject_words(work.tally, rejects)))
    return work.tally


@contextmanager
def _rejected_rows(path: Path | None) -> Iterator[BinaryIO | None]:
    """Only its owner may read the file: there may be password hashes in it."""
    if path is None:
        yield None
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_FOR_ITS_OWNER)
    os.fchmod(descriptor, _ONLY_FOR_ITS_OWNER)
    with os.fdopen(descriptor, "wb") as sink:
        yield sink


def _summary(path: Path, tally: CatalogTally, seconds: float, *, is_dry: bool) -> str:
    words = [f"{path}: {tally.lines:,} rows in {seconds:,.1f} s, {tally.lines / seconds:,.0f} a second"]
    if is_dry:
        words.append("This is a dry run: nothing was stored. Without --dry-run it would be:")
    words.append("  " + " " * 16 + "".join(f"{verdict:>12}" for verdict in Verdict))
    for name in KINDS:
        counts = [tally.placed[name, verdict] for verdict in Verdict]
        if any(counts):
            words.append(f"  {name:<16}" + "".join(f"{count:>12,}" for count in counts))
    return "\n".join(words)
