"""`viewgraph distribute`: shares the tables of tenants among the machines of a cluster."""

from typing import Annotated

import typer

from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.distribution import distribute as distribute_tables
from server.failures import explaining_database_errors
from server.settings import settings_with


def distribute(
    shards: Annotated[
        int | None,
        typer.Option(min=1, help="Into how many parts the tables are cut; 32 when absent."),
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Share the tables of tenants among the machines of a Citus cluster. Stop all servers first."""
    settings = settings_with(database_url=database_url)
    with explaining_database_errors(settings.database_url):
        run_with_database(settings, lambda database: distribute_tables(database, shards, typer.echo))
    typer.echo("The database is distributed.")
