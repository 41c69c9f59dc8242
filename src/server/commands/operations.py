"""Commands of operators: totals verified and mended, raw events pruned, while the server runs."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar

import typer

from base.calendar import AFTER_LAST_DAY, FIRST_DAY, UnknownTimeZone, time_zone
from base.errors import BadUserInput
from database import Database, channel_of
from ingest.discrepancy_rows import DiscrepancyRow
from ingest.moved_days import tenants_by_other_rules
from ingest.prune import Pruned
from ingest.prune import prune as prune_events
from ingest.rebuild import change_time_zone
from ingest.rebuild import rebuild as rebuild_totals
from ingest.tenants import tenant_named, tenants_named, tenants_with_events
from ingest.topics import tell_of_everything
from ingest.unused_domains import drop_unused_domains
from ingest.verify import Verification
from server.commands.terminal import DatabaseUrl, bars
from server.moving import mend_one
from server.revisions import require_current
from server.settings import settings_with

T = TypeVar("T")

app = typer.Typer()
tenants = typer.Typer(help="Whose numbers they are: every user and every organization.", no_args_is_help=True)
app.add_typer(tenants, name="tenant")

_DAY = timedelta(days=1)
_FORMATS = ["%Y-%m-%d"]

From = Annotated[
    datetime | None,
    typer.Option("--from", metavar="DAY", formats=_FORMATS, help="The first day; of all time when absent."),
]
To = Annotated[
    datetime | None,
    typer.Option("--to", metavar="DAY", formats=_FORMATS, help="The last day; up to now when absent."),
]
Tenants = Annotated[
    list[str] | None,
    typer.Option("--tenant", metavar="NAME", help="A username or an organization's id; may be repeated."),
]


@app.command()
def verify(
    from_: From = None, to: To = None, tenant: Tenants = None, database_url: DatabaseUrl = None
) -> None:
    """Count anew from raw events, and list every total that differs; exit with 1 if one does."""
    first, stop = _days(from_, to)

    async def verified(database: Database) -> tuple[int, int]:
        found = moved = 0
        asked = await _asked(database, tenant)
        with _progress("Verifying", len(asked)) as advance:
            for id, name in asked.items():
                verification = Verification(database, id, name, first, stop)
                async for line in verification.rows():
                    if not found:
                        typer.echo("\t".join(DiscrepancyRow._fields))
                    typer.echo("\t".join(line))
                    found += 1
                _tell_skipped(name, verification.pruned_before)
                if verification.moved:
                    moved += len(verification.moved.days)
                    typer.echo(verification.moved.words(name), err=True)
                advance()
        return found, moved

    found, moved = _run(database_url, verified)
    typer.echo(f"Totals that differ: {found:,}." if found else "No total differs.", err=True)
    if found or moved:
        raise typer.Exit(1)


@app.command()
def rebuild(
    from_: From = None,
    to: To = None,
    tenant: Tenants = None,
    moved: Annotated[
        bool, typer.Option("--moved", help="Only the days that newer time zone rules moved.")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Count anew from raw events, and mend every total that differs."""
    first, stop = _days(from_, to)
    if moved and (from_ or to):
        raise BadUserInput(
            "Which days moved is known: --moved is given without --from and --to.",
            argument="--moved",
            reason="INVALID_RANGE",
        )

    async def rebuilt(database: Database) -> int:
        mended = 0
        asked = await (tenants_by_other_rules(database) if moved and not tenant else _asked(database, tenant))
        with _progress("Rebuilding", len(asked)) as advance:
            for id, name in asked.items():
                mended += await mend_one(database, id, name, typer.echo)
                if moved:
                    advance()
                    continue
                done = await rebuild_totals(database, id, first, stop)
                if done.rows:
                    typer.echo(f"{name}: {done.rows:,}")
                mended += done.rows
                _tell_skipped(name, done.pruned_before)
                advance()
        if mended:
            await tell_of_everything(channel_of(database.url))
        return mended

    typer.echo(f"Totals mended: {_run(database_url, rebuilt):,}.", err=True)


@app.command()
def prune(
    keep: Annotated[int, typer.Option(min=1, metavar="DAYS", help="How many days before today are kept.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Drop raw events that are older than so many days. Their totals stay."""

    async def pruned(database: Database) -> Pruned:
        asked = await _asked(database, None)
        with _progress("Pruning", len(asked)) as advance:
            now = datetime.now(UTC)
            done = await prune_events(database, asked, now, keep=timedelta(days=keep), on_tenant=advance)
        await drop_unused_domains(database, now)
        return done

    done = _run(database_url, pruned)
    typer.echo(f"Events deleted: {done.events:,}.")
    if done.partitions:
        typer.echo(f"Months dropped: {', '.join(done.partitions)}.")


@tenants.command("time-zone")
def set_time_zone(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A username or an organization's id.")],
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="Such as Europe/Paris.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Change by whose clock days start and end, and count all totals anew."""

    async def changed(database: Database) -> int:
        rows = await change_time_zone(database, await tenant_named(database, name), zone)
        await tell_of_everything(channel_of(database.url))
        return rows

    try:
        time_zone(zone)
    except UnknownTimeZone as error:
        raise BadUserInput(f"{error}.", argument="ZONE", reason="INVALID_TIME_ZONE") from None
    typer.echo(f"The days of {name} are days in {zone}. Totals changed: {_run(database_url, changed):,}.")


def _days(first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """Up to, not including, the second."""
    days = first.date() if first else FIRST_DAY, last.date() + _DAY if last else AFTER_LAST_DAY
    if days[0] >= days[1]:
        raise BadUserInput("The first day is after the last one.", argument="--from", reason="INVALID_RANGE")
    return days


async def _asked(database: Database, names: list[str] | None) -> dict[int, str]:
    return await (tenants_named(database, names) if names else tenants_with_events(database))


def _tell_skipped(name: str, pruned_before: date | None) -> None:
    if pruned_before:
        typer.echo(f"{name}: days before {pruned_before} were pruned, and are skipped.", err=True)


def _run(database_url: str | None, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    settings = settings_with(database_url=database_url)

    async def done() -> T:
        await require_current(settings.database_url)
        database = Database(settings.database_url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(done())


@contextmanager
def _progress(words: str, tenants: int) -> Iterator[Callable[[], None]]:
    """What it gives is called after each tenant."""
    from rich.progress import MofNCompleteColumn

    with bars(MofNCompleteColumn()) as progress:
        bar = progress.add_task(words, total=tenants)
        yield lambda: progress.advance(bar)
