"""`viewgraph user link`: says which account at the issuer of VIEWGRAPH_OIDC_ISSUER a user is."""

from typing import Annotated

import typer

from server import accounts
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.settings import settings_with


def user_link(
    email: Annotated[str, typer.Argument(help="The account here.")],
    subject: Annotated[str, typer.Argument(help="The `sub` of the issuer's tokens.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Link an account at the issuer of VIEWGRAPH_OIDC_ISSUER to an account here."""
    settings = settings_with(database_url=database_url)
    issuer = run_with_services(settings, lambda services: accounts.link_identity(services, email, subject))
    typer.echo(f"Tokens of {issuer} for {subject} act as {email.strip().lower()}.")
