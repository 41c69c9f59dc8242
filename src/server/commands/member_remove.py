"""`viewgraph member remove`: removes a member from an organization."""

from datetime import UTC, datetime

import typer

from resolvers.context import Context, Services
from server import members
from server.commands.options import DatabaseUrl, Email, Organization
from server.commands.run import run_with_services
from server.settings import settings_with


def member_remove(organization: Organization, email: Email, database_url: DatabaseUrl = None) -> None:
    """Remove a member from an organization and its workspaces."""

    async def removed(services: Services) -> None:
        await members.remove_member(
            Context(services, datetime.now(UTC), command="member remove"), organization, email
        )

    run_with_services(settings_with(database_url=database_url), removed)
    typer.echo(f"{email} is no member.")
