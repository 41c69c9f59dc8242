"""`viewgraph verify`: compares the totals with the raw events."""

from contextlib import aclosing, suppress

import typer

from database import Database
from ingest.discrepancy_rows import DiscrepancyRow
from ingest.row_discrepancies import row_discrepancies
from ingest.tenants import TenantGone
from ingest.verify import Verification
from server.commands.options import DatabaseUrl, From, Tenants, To, days_between, tenants_of
from server.commands.progress import progress_by_tenant, say_what_was_pruned
from server.commands.run import run_with_database
from server.settings import settings_with


def verify(
    from_: From = None, to: To = None, tenant: Tenants = None, database_url: DatabaseUrl = None
) -> None:
    """Count anew from raw events, and list every total that differs; exit with 1 if one does."""
    first, stop = days_between(from_, to)

    async def verified(database: Database) -> tuple[int, int]:
        found = moved = 0

        def show(row: DiscrepancyRow) -> None:
            nonlocal found
            if not found:
                typer.echo("\t".join(DiscrepancyRow._fields))
            typer.echo("\t".join(row))
            found += 1

        asked = await tenants_of(database, tenant)
        with progress_by_tenant("Verifying", len(asked)) as advance:
            for id, name in asked.items():
                verification = Verification(database, id, name, first, stop)
                async with aclosing(verification.rows()) as rows:
                    with suppress(TenantGone):
                        async for row in rows:
                            show(row)
                say_what_was_pruned(name, verification.pruned_before)
                if verification.moved:
                    moved += len(verification.moved.days)
                    typer.echo(verification.moved.words(name), err=True)
                advance()
        async with aclosing(row_discrepancies(database, asked if tenant else None)) as rows:
            async for row in rows:
                show(row)
        return found, moved

    found, moved = run_with_database(settings_with(database_url=database_url), verified)
    typer.echo(f"Totals that differ: {found:,}." if found else "No total differs.", err=True)
    if found or moved:
        raise typer.Exit(1)
