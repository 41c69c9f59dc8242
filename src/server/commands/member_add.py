"""`viewgraph member add`: makes an account a member of an organization."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from models import Role
from resolvers.context import Context, Services
from server import members
from server.commands.options import DatabaseUrl, Email, Organization, RoleName
from server.commands.run import run_with_services
from server.settings import settings_with


def member_add(
    organization: Organization,
    email: Email,
    role: Annotated[RoleName, typer.Option(help="What the member may do.")] = "MEMBER",
    workspace: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A workspace that a MEMBER may enter; give it once for each."),
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an account a member of an organization, at once and without asking."""

    async def added(services: Services) -> None:
        context = Context(services, datetime.now(UTC), command="member add")
        await members.add_member(context, organization, email, Role[role], workspace or ())

    run_with_services(settings_with(database_url=database_url), added)
    typer.echo(f"{email} is a member.")
