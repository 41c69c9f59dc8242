"""`viewgraph import-export`: stores the history that another program exported."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from auth.viewer import Viewer
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
from ingest.rejected_lines import rejected_line_in_json
from resolvers.context import Context, Services
from resolvers.export_import import ExportImport
from resolvers.export_subjects import InvalidRule, meanings_of, suggestions_for
from resolvers.rejects import Reject
from server.accounts import user_id_of
from server.commands.export_summary import printed, summary_of, summary_of_draft, unusable_and_notes
from server.commands.files import printable, zone_named
from server.commands.options import DatabaseUrl
from server.commands.progress import bars
from server.failures import Failure
from server.revisions import require_current
from server.services import close_services, services_of
from server.settings import Settings, settings_with


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
    email: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="Only what this account may report; all when absent."),
    ] = None,
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
            work = _imported(settings, found, table, name, email, rejects, is_dry=dry_run)
        else:
            work = _drafted(settings, found, table)
        asyncio.run(work)
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


async def _drafted(settings: Settings, found: Iterable[Found], table: Path) -> None:
    async with _services(settings) as services:
        inventory = Inventory(found)
        if not inventory.counts:
            nothing = "There are no events and no totals of days in it."
            raise Failure(printed([nothing, *unusable_and_notes(inventory)]))
        suggested = await suggestions_for(Context(services, services.clock()), inventory.counts)
        write_draft(table, inventory.counts, suggested)
        typer.echo(summary_of_draft(inventory, table, suggested))


async def _imported(
    settings: Settings,
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
    async with _services(settings) as services:
        context = Context(services, services.clock())
        meanings = await meanings_of(context, rules)
        viewer = Viewer(await user_id_of(context, email)) if email else None
        with _written_to(rejects) as keep, bars(MofNCompleteColumn()) as progress:
            bar = progress.add_task("Events", total=None)
            work = ExportImport(
                services,
                found,
                rules,
                meanings,
                source=source,
                viewer=viewer,
                dry_run=is_dry,
                on_reject=keep,
                on_rejected_total=partial(keep, name="total"),
                on_batch=lambda: progress.update(bar, completed=work.events.lines),
            )
            try:
                await work.run()
            finally:
                progress.stop()
                typer.echo(summary_of(work, table, rejects))


@asynccontextmanager
async def _services(settings: Settings) -> AsyncIterator[Services]:
    await require_current(settings.database_url)
    services = services_of(settings, are_patient=True)
    try:
        yield services
    finally:
        await close_services(services)


@contextmanager
def _written_to(file: Path | None) -> Iterator[Callable[..., None]]:
    if file is None:
        yield lambda _, **_names: None
        return
    with file.open("wb") as sink:

        def keep(reject: Reject, *, name: str = "event") -> None:
            line, reason, detail, content, file = reject
            sink.write(rejected_line_in_json(line, reason, detail, content, name=name, file=file) + b"\n")

        yield keep
