"""`viewgraph import-export`: stores the history that another program exported."""

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from exports.drafts import Inventory, write_draft
from exports.export import Export
from exports.found import Found
from exports.mapping import rules_in
from exports.parts import parts_of
from exports.programs import PROGRAMS, Program
from exports.sites import of_sites
from exports.sound import sound
from ingest.file_lines import InvalidFile
from ingest.imported_totals import source_named
from resolvers.context import Context, Services
from resolvers.export_import import ExportImport
from resolvers.export_subjects import InvalidRule, meanings_of, suggestions_for
from server.accounts import viewer_with
from server.commands.export_summary import printed, summary_of, summary_of_draft, unusable_and_notes
from server.commands.files import As, printable, rejects_into, zone_named
from server.commands.import_ import undo_words
from server.commands.options import DatabaseUrl
from server.commands.progress import bars
from server.commands.run import run_with_services
from server.failures import Failure
from server.settings import settings_with


def import_export(
    program: Annotated[
        str, typer.Argument(metavar="PROGRAM", help=f"Which program made it: {', '.join(PROGRAMS)}.")
    ],
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", exists=True, help="Files, zips or folders of the export."),
    ],
    table: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="What the program's pages and events are here, as CSV. If there is no such file, the "
            "command writes a draft of it, and stores nothing. PROGRAM-table.csv when absent.",
        ),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="The zone of times without an offset, and of days that are made of hours, such as "
            "Europe/Paris.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A name for where it comes from, if you bring several sites of one program. PROGRAM when "
            "absent.",
        ),
    ] = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DOMAIN",
            help="Only what happened on this site, and what has no site; may be repeated. All sites when "
            "absent.",
        ),
    ] = None,
    email: As = None,
    rejects: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Where to write everything that was not stored, as NDJSON."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be stored.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Store the history that another program exported: events, or totals of days. Importing it again changes
    nothing."""
    settings = settings_with(database_url=database_url)
    read, name = _program(program).read, source_named(source or program)
    table = table or Path(f"{program}-table.csv")
    try:
        _require_elsewhere(paths, table, rejects)
        # The table may stand beside the files of the export.
        parts = [part for part in parts_of(paths) if part.path.resolve() != table.resolve()]
        found = of_sites(sound(read(Export(parts, zone_named(time_zone)))), domain or ())
        if table.exists():
            run_with_services(
                settings,
                lambda services: _imported(services, found, table, name, email, rejects, is_dry=dry_run),
                with_secret=not dry_run,
            )
        else:
            run_with_services(settings, lambda services: _drafted(services, found, table))
    except (InvalidFile, InvalidRule) as error:
        raise Failure(printable(str(error))) from None


def _require_elsewhere(paths: list[Path], table: Path, rejects: Path | None) -> None:
    if rejects and (
        rejects.resolve() == table.resolve()
        or (rejects.exists() and table.exists() and rejects.samefile(table))
    ):
        raise Failure("--rejects names the file of --table, which would be lost: name another one.")
    if rejects and any(rejects.resolve().is_relative_to(path.resolve()) for path in paths):
        raise Failure(
            "--rejects is among the files of the export, and could replace one: name another place."
        )


def _program(name: str) -> Program:
    if name not in PROGRAMS:
        raise Failure(f"There is no reader for {name!r}, but for {', '.join(PROGRAMS)}.")
    return PROGRAMS[name]


async def _drafted(services: Services, found: Iterable[Found], table: Path) -> None:
    inventory = Inventory(found)
    if not inventory.counts:
        nothing = "There are no events and no totals of days in it."
        raise Failure(printed([nothing, *unusable_and_notes(inventory)]))
    suggested = await suggestions_for(Context(services, services.clock()), inventory.counts)
    write_draft(table, inventory.counts, suggested)
    typer.echo(summary_of_draft(inventory, table, suggested))


async def _imported(
    services: Services,
    found: Iterable[Found],
    table: Path,
    source: str,
    email: str | None,
    rejects: Path | None,
    *,
    is_dry: bool,
) -> None:
    from rich.progress import MofNCompleteColumn

    rules = rules_in(table)
    meanings = await meanings_of(Context(services, services.clock()), rules)
    viewer = await viewer_with(services, email)
    with (
        rejects.open("wb") if rejects else nullcontext() as sink,
        bars(MofNCompleteColumn()) as progress,
    ):
        bar = progress.add_task("Events", total=None)
        work = ExportImport(
            services,
            found,
            rules,
            meanings,
            source=source,
            viewer=viewer,
            dry_run=is_dry,
            on_begin=lambda id: typer.echo(undo_words(id), err=True),
            on_reject=rejects_into(sink, "event"),
            on_rejected_total=rejects_into(sink, "total"),
            on_batch=lambda: progress.update(bar, completed=work.events.lines),
        )
        try:
            await work.run()
        finally:
            progress.stop()
            typer.echo(summary_of(work, table, rejects))
