"""`viewgraph secret add`: makes the next secret, which servers accept and do not use yet."""

import typer

from server.commands.options import DatabaseUrl, SecretPurpose
from server.secret_file import Ring
from server.secret_rotation import change_file
from server.settings import settings_with


def secret_add(purpose: SecretPurpose, database_url: DatabaseUrl = None) -> None:
    """Make the next secret of a purpose: servers accept it, and do not use it yet."""
    change_file(settings_with(database_url=database_url), purpose, Ring.with_next)
    typer.echo(f"Each server accepts the next secret of {purpose} once it has read the file: in 5 seconds.")
