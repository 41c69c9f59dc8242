"""`viewgraph secret list`: lists the secrets of the server, without what they are."""

import typer

from server.commands.options import DatabaseUrl
from server.secret_rotation import known_secrets
from server.settings import settings_with


def secret_list(database_url: DatabaseUrl = None) -> None:
    """List the secrets that the server accepts, without what they are."""
    for known in known_secrets(settings_with(database_url=database_url)):
        typer.echo("\t".join((known.purpose, known.id, "used" if known.is_used else "accepted")))
