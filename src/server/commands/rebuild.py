"""`viewgraph rebuild`: counts totals anew and mends them."""

from contextlib import suppress
from typing import Annotated

import typer

from base.errors import BadUserInput
from database import Database, channel_of
from ingest.moved_days import tenants_by_other_rules
from ingest.rebuild import rebuild as rebuild_totals
from ingest.row_discrepancies import mend_row_totals
from ingest.tenants import TenantGone
from ingest.topics import announce_everything
from server.commands.options import DatabaseUrl, From, Tenants, To, days_between, tenants_of
from server.commands.progress import progress_by_tenant, say_what_was_pruned
from server.commands.run import run_with_database
from server.settings import settings_with
from server.time_zone_changes import mend_one


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
    first, stop = days_between(from_, to)
    if moved and (from_ or to):
        raise BadUserInput(
            "Which days moved is known: --moved is given without --from and --to.",
            argument="--moved",
            reason="INVALID_RANGE",
        )

    async def rebuilt(database: Database) -> int:
        mended = 0
        asked = await (
            tenants_by_other_rules(database) if moved and not tenant else tenants_of(database, tenant)
        )
        try:
            with progress_by_tenant("Rebuilding", len(asked)) as advance:
                for id, name in asked.items():
                    with suppress(TenantGone):
                        mended += await mend_one(database, id, name, typer.echo)
                        if not moved:
                            done = await rebuild_totals(database, id, first, stop)
                            mended += done.rows
                            if done.rows:
                                typer.echo(f"{name}: {done.rows:,}")
                            say_what_was_pruned(name, done.pruned_before)
                    advance()
            if not moved:
                totals = await mend_row_totals(database, asked if tenant else None)
                mended += totals.total()
                for name, rows in sorted(totals.items()):
                    typer.echo(f"{name}: {rows:,}")
        finally:
            # Also after an error, such as a closed pipe: what was mended until then is stored.
            if mended:
                await announce_everything(channel_of(database.url))
        return mended

    mended = run_with_database(settings_with(database_url=database_url), rebuilt)
    typer.echo(f"Totals mended: {mended:,}.", err=True)
