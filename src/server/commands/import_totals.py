"""`viewgraph import-totals`: stores totals of days that have no events, and undoes that."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from database import Database, channel_of
from ingest.file_lines import InvalidFile
from ingest.files import Format
from ingest.imported_totals import Source, source_named, sources, undo
from ingest.topics import announce_everything
from ingest.total_files import TotalFile
from resolvers.context import Services
from resolvers.importing_totals import TotalsImport, TotalsTally
from server.accounts import viewer_with
from server.commands.files import (
    As,
    RejectsPath,
    Strict,
    printable,
    reject_words,
    rejects_into,
    require_another,
)
from server.commands.options import DatabaseUrl, Tenants, tenants_of
from server.commands.progress import bars
from server.commands.run import run_with_database, run_with_services
from server.failures import Failure
from server.settings import Settings, settings_with


def import_totals(
    path: Annotated[
        Path | None, typer.Argument(metavar="FILE", exists=True, dir_okay=False, show_default=False)
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The name of what is imported, such as plausible-2025."),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="The format, ndjson or csv; by the file's name when absent."),
    ] = None,
    email: As = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and store nothing.")
    ] = False,
    rejects: RejectsPath = None,
    strict: Strict = False,
    undone: Annotated[
        str | None, typer.Option("--undo", metavar="NAME", help="Undo the import of this name.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what was imported under which name.")] = False,
    tenant: Tenants = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Store totals of days without events: NDJSON or CSV. Importing a file again changes nothing."""
    _require_one(path, source, undone, tenant, listed=listed)
    settings = settings_with(database_url=database_url)
    if path is None:
        _of_sources(settings, source_named(undone) if undone else None, tenant, dry_run=dry_run)
        return
    try:
        require_another(path, rejects)
        file = TotalFile(path, format)
        tally = run_with_services(
            settings,
            lambda services: _imported(services, file, source or "", email, rejects, dry_run=dry_run),
        )
    except InvalidFile as error:
        raise Failure(printable(str(error))) from None
    if strict and tally.rejected:
        raise typer.Exit(1)


def _require_one(
    path: Path | None, source: str | None, undone: str | None, tenant: list[str] | None, *, listed: bool
) -> None:
    """Raises Failure unless the options say one thing to do."""
    if sum((path is not None, undone is not None, listed)) != 1:
        words = "Give one of these: a FILE and its --source, --undo with a name, or --list."
    elif path is not None and source is None:
        words = "Give the import a name: --source plausible-2025."
    elif path is not None and tenant:
        words = "--tenant goes with --undo and --list: the lines of a file name their subjects."
    else:
        return
    raise Failure(words)


async def _imported(
    services: Services,
    file: TotalFile,
    source: str,
    email: str | None,
    rejects: Path | None,
    *,
    dry_run: bool,
) -> TotalsTally:
    with rejects.open("wb") if rejects else nullcontext() as sink, bars(stay=True) as progress:
        bar = progress.add_task(file.path.name, total=file.bytes)
        work = TotalsImport(
            services,
            file,
            source=source,
            viewer=await viewer_with(services, email),
            dry_run=dry_run,
            on_reject=rejects_into(sink, "total"),
            on_batch=lambda: progress.update(bar, completed=file.bytes_read),
        )
        await work.run()
    typer.echo(f"{file.path}: {totals_words(work.tally, source, rejects, dry_run=dry_run)}")
    return work.tally


def totals_words(tally: TotalsTally, source: str, rejects: Path | None, *, dry_run: bool) -> str:
    words = [
        f"{tally.lines:,} lines of {source}"
        + (", of which nothing was stored: --dry-run" if dry_run else ""),
        f"  counted     {tally.counted:>12,}",
        *reject_words(tally, rejects),
        f"  new totals  {tally.new:>12,}",
        f"  changed     {tally.changed:>12,}",
        f"  removed     {tally.removed:>12,}",
        f"  the same    {tally.same:>12,}",
        f"  difference  {tally.difference:>+12,}",
    ]
    return "\n".join(words)


def _of_sources(settings: Settings, undone: str | None, names: list[str] | None, *, dry_run: bool) -> None:
    """Undoes the source of this name, or lists all if there is none."""

    async def done(database: Database) -> list[tuple[str, Source]]:
        tenants = await tenants_of(database, names)
        async with database.snapshot() as connection:
            found = await sources(connection, list(tenants), undone)
        if undone and not dry_run:
            try:
                for one in found:
                    await undo(database, one.tenant_id, one.name)
            finally:
                await announce_everything(channel_of(database.url))
        return [(tenants[one.tenant_id], one) for one in found]

    found = run_with_database(settings, done)
    if undone and not found:
        raise Failure(f"Nothing was imported under the name {undone}.")
    if not found:
        typer.echo("Nothing was imported.", err=True)
        return
    typer.echo("\t".join(("tenant", "source", "totals", "count", "first", "last")))
    for name, (_, source, *numbers) in found:
        typer.echo("\t".join((name, source, *map(str, numbers))))
    if undone:
        typer.echo("This would be undone." if dry_run else "This was undone.", err=True)
