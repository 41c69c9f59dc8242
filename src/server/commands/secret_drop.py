"""`viewgraph secret drop`: drops the older secrets."""

import typer

from server.commands.options import DatabaseUrl, SecretPurpose
from server.secret_file import Ring
from server.secret_rotation import change_file
from server.settings import settings_with


def secret_drop(purpose: SecretPurpose, database_url: DatabaseUrl = None) -> None:
    """Drop the older secrets of a purpose: what they signed is refused."""
    change_file(settings_with(database_url=database_url), purpose, Ring.without_older)
    typer.echo(f"The older secrets of {purpose} are dropped.")
