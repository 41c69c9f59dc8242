"""`viewgraph key create`: makes an authentication key, with which a program signs in."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from auth.viewer import Viewer
from resolvers import accounts
from resolvers.context import Context, Services
from server.accounts import user_id_of
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.settings import settings_with


def key_create(
    email: Annotated[str, typer.Argument(help="The account that the key signs in as.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    days: Annotated[int, typer.Option(help="How many days the key is valid, from 1 to 730.")] = 90,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an authentication key. It is shown once."""

    async def created(services: Services) -> accounts.NewKey:
        context = Context(services, datetime.now(UTC), command="key create")
        context.viewer = Viewer(await user_id_of(context, email))
        return await accounts.create_key(context, name=name, days=days)

    key = run_with_services(settings_with(database_url=database_url), created)
    typer.echo(key.secret)
    typer.echo(
        f"Good until {key.row.expires_at:%Y-%m-%d}. It is not stored, and cannot be shown again.", err=True
    )
