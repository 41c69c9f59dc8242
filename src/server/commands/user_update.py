"""`viewgraph user update`: changes an account."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from server import accounts
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.failures import Failure
from server.settings import settings_with


def user_update(
    email: Annotated[str, typer.Argument(help="The account.")],
    new_email: Annotated[str | None, typer.Option("--email", help="Another email to sign in with.")] = None,
    username: Annotated[str | None, typer.Option(help="Another unique name.")] = None,
    name: Annotated[str | None, typer.Option(help="The user's full name.")] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Change the email, the username or the name of an account."""
    changes = accounts.Changes(new_email, username, name)
    if changes == accounts.Changes():
        raise Failure("Say what to change: --email, --username or --name.")
    now = datetime.now(UTC)
    run_with_database(
        settings_with(database_url=database_url), lambda it: accounts.update_user(it, email, changes, now)
    )
    typer.echo("The account is changed.")
