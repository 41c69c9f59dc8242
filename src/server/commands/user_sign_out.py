"""`viewgraph user sign-out`: ends all sign-ins of an account."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from server import accounts
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.settings import settings_with


def user_sign_out(
    email: Annotated[str, typer.Argument(help="The account.")], database_url: DatabaseUrl = None
) -> None:
    """End all sign-ins of an account. Its keys stay: see `key revoke`."""
    now = datetime.now(UTC)
    run_with_database(settings_with(database_url=database_url), lambda it: accounts.sign_out(it, email, now))
    typer.echo("All tokens of the account are refused from now on.")
