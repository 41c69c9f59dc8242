"""`viewgraph prune`: deletes old raw events."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from audit import Act, operator, record
from audit.pruning import prune_entries
from database import Database
from ingest.prune import Pruned
from ingest.prune import prune as prune_events
from ingest.unused_domains import drop_unused_domains
from server.commands.options import DatabaseUrl, tenants_of
from server.commands.progress import progress_by_tenant
from server.commands.run import run_with_database
from server.settings import settings_with


def prune(
    keep: Annotated[int, typer.Option(min=1, metavar="DAYS", help="How many days before today stay.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Delete raw events that are older than this number of days. Their totals stay.

    Entries of the audit trail go that are older than VIEWGRAPH_AUDIT_DAYS.
    """
    settings = settings_with(database_url=database_url)

    async def pruned(database: Database) -> tuple[Pruned, int]:
        asked = await tenants_of(database, None)
        async with database.writing() as session:
            by = operator("prune", datetime.now(UTC))
            await record(session, by, Act.EVENTS_PRUNED, None, keptDays=keep)
        with progress_by_tenant("Pruning", len(asked)) as advance:
            now = datetime.now(UTC)
            done = await prune_events(database, asked, now, keep=timedelta(days=keep), on_tenant=advance)
        await drop_unused_domains(database, now)
        return done, await prune_entries(database, now - timedelta(days=settings.audit_days))

    done, entries = run_with_database(settings, pruned)
    typer.echo(f"Events deleted: {done.events:,}.")
    if done.partitions:
        typer.echo(f"Months dropped: {', '.join(done.partitions)}.")
    if entries:
        typer.echo(f"Entries of the audit trail deleted: {entries:,}.")
