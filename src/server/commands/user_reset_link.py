"""`viewgraph user reset-link`: makes a link by which the owner of an account sets another password."""

from typing import Annotated

import typer

from server import accounts
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.settings import settings_with


def user_reset_link(
    email: Annotated[str, typer.Argument(help="The account.")], database_url: DatabaseUrl = None
) -> None:
    """Make a link by which an account gets another password, once."""
    settings = settings_with(database_url=database_url)
    made = run_with_services(settings, lambda services: accounts.make_reset_link(services, email))
    typer.echo(made.link or made.token)
    until = f"Good once, until {made.expires_at:%Y-%m-%d %H:%M} UTC. An older link of the account is not."
    if made.link is None:
        until += " This is the token of `resetPassword`. VIEWGRAPH_ACCOUNT_PAGE names a page for links."
    typer.echo(until, err=True)
