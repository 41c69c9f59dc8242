"""`viewgraph member role`: gives a member of an organization another role."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from models import Role
from resolvers.context import Context, Services
from server import members
from server.commands.options import DatabaseUrl, Email, Organization, RoleName
from server.commands.run import run_with_services
from server.settings import settings_with


def member_role(
    organization: Organization,
    email: Email,
    role: Annotated[RoleName, typer.Argument(help="What the member may do from now on.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Give a member of an organization another role."""

    async def changed(services: Services) -> None:
        context = Context(services, datetime.now(UTC), command="member role")
        await members.change_role(context, organization, email, Role[role])

    run_with_services(settings_with(database_url=database_url), changed)
    typer.echo(f"{email} is {role}.")
