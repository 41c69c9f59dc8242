"""`viewgraph co-creator add`: makes an account a co-creator of a publication."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from resolvers.context import Context, Services
from server import members
from server.commands.options import DatabaseUrl, Email
from server.commands.run import run_with_services
from server.settings import settings_with


def co_creator_add(
    publication: Annotated[
        str, typer.Argument(metavar="PUBLICATION", help="The publication's custom URL, or its id.")
    ],
    email: Email,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an account a co-creator of a publication, at once and without asking."""

    async def added(services: Services) -> None:
        await members.add_co_creator(
            Context(services, datetime.now(UTC), command="co-creator add"), publication, email
        )

    run_with_services(settings_with(database_url=database_url), added)
    typer.echo(f"{email} is a co-creator.")
