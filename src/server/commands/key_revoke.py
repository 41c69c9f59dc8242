"""`viewgraph key revoke`: revokes authentication keys."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.keys import revoke
from server.settings import settings_with


def key_revoke(
    key: Annotated[str, typer.Argument(help="The id of a key, or an email for all keys of the account.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke an authentication key, or all keys of an account."""
    now = datetime.now(UTC)
    revoked = run_with_database(settings_with(database_url=database_url), lambda it: revoke(it, key, now))
    typer.echo(f"Keys revoked: {revoked}.")
