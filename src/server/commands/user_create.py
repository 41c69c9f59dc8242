"""`viewgraph user create`: makes an account."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from database import Database
from server.accounts import create_user
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.settings import settings_with


def user_create(
    email: Annotated[str, typer.Argument(help="The email to sign in with.")],
    username: Annotated[str, typer.Argument(help="A unique name, which others see.")],
    name: Annotated[str | None, typer.Option(help="The user's full name.")] = None,
    password: Annotated[
        str,
        typer.Option(
            prompt=True,
            hide_input=True,
            confirmation_prompt=True,
            help="8 characters or more; asked for when absent.",
        ),
    ] = "",
    database_url: DatabaseUrl = None,
) -> None:
    """Make an account."""

    async def created(database: Database) -> str:
        user = await create_user(
            database, datetime.now(UTC), email=email, username=username, password=password, name=name
        )
        return user.email

    signs_in_as = run_with_database(settings_with(database_url=database_url), created)
    typer.echo(f"{username} can sign in as {signs_in_as}.")
