"""`viewgraph secret use`: lets servers use the next secret."""

import typer

from server.commands.options import DatabaseUrl, SecretPurpose
from server.secret_file import Ring
from server.secret_rotation import change_file
from server.settings import settings_with


def secret_use(purpose: SecretPurpose, database_url: DatabaseUrl = None) -> None:
    """Use the next secret of a purpose from now on; the one before is still accepted."""
    change_file(settings_with(database_url=database_url), purpose, Ring.with_next_used)
    typer.echo(f"The next secret of {purpose} is used. The one before is accepted until you drop it.")
