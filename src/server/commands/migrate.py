"""`viewgraph migrate`: brings the tables of the database up to date."""

import asyncio
from typing import Annotated

import typer

from server.commands.options import DatabaseUrl
from server.failures import Failure
from server.settings import settings_with


def migrate(
    database_url: DatabaseUrl = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the migrations make what the models need.")
    ] = False,
    down_to: Annotated[
        str | None, typer.Option(help="Go back to a revision; `base` removes every table and all data.")
    ] = None,
    write: Annotated[
        str | None,
        typer.Option(metavar="WORDS", help="Only write the next migration, from what changed in the models."),
    ] = None,
) -> None:
    """Bring the database's tables up to date."""
    # This loads Alembic, which takes longer than everything else that `serve` does before it answers.
    from server import migrations

    if check:
        if differences := asyncio.run(migrations.differences_when_new()):
            raise Failure(f"The migrations do not make what the models need. {differences}")
        typer.echo("The migrations make what the models need.")
        return
    if write:
        typer.echo(f"Wrote {asyncio.run(migrations.write_next(write))}: read it before you keep it.")
        return
    url = settings_with(database_url=database_url).database_url
    asyncio.run(migrations.downgrade(url, down_to) if down_to else migrations.upgrade(url, typer.echo))
    typer.echo("The database is up to date." if not down_to else f"The database is at {down_to}.")
