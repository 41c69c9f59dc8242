"""`viewgraph delete`: deletes an object, with all that belongs to it."""

from typing import Annotated

import typer

from resolvers.context import Services
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.deleting import DeletedObject, bury, finish
from server.settings import settings_with

Later = Annotated[
    bool, typer.Option("--later", help="Let a running server delete the rows, instead of waiting for it.")
]


def delete(
    what: Annotated[DeletedObject, typer.Argument(help="What kind of object it is.")],
    id: Annotated[
        str,
        typer.Argument(help="Its global id; also a publication's custom URL, or an account's email."),
    ],
    later: Later = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Delete a publication, an experience, an asset, a workspace, an organization or an account."""
    run_with_services(
        settings_with(database_url=database_url),
        lambda it: deleted(it, what, id, command="delete", later=later),
    )


async def deleted(services: Services, what: DeletedObject, id: str, *, command: str, later: bool) -> None:
    await bury(services, what, id, command=command)
    typer.echo(f"Nobody finds this {what} any more.")
    if not later:
        typer.echo(f"Rows deleted: {await finish(services):,}.")
