"""`viewgraph deletions`: shows where deletions stand."""

from typing import Annotated

import typer

from base.ids import Kind, global_id
from ingest.deletions.lease import DeletionRow, deletions_of
from models import DeletedKind
from resolvers.context import Services
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.deleting import finish
from server.settings import settings_with

_KINDS = {
    DeletedKind.PUBLICATION: Kind.PUBLICATION,
    DeletedKind.ASSET: Kind.ASSET,
    DeletedKind.WORKSPACE: Kind.WORKSPACE,
    DeletedKind.ORGANIZATION: Kind.ORGANIZATION,
    DeletedKind.ACCOUNT: Kind.USER,
}


def deletions(
    finished: Annotated[
        bool, typer.Option("--finish", help="Go on with those that are not finished, to their end.")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Show what is being deleted, and what was deleted in the last hour."""

    async def shown(services: Services) -> None:
        if finished:
            await finish(services)
        for row in await deletions_of(services.database):
            typer.echo(_line(row))

    run_with_services(settings_with(database_url=database_url), shown)


def _line(row: DeletionRow) -> str:
    kind = DeletedKind(row.kind)
    state = f"finished {row.finished_at:%Y-%m-%d %H:%M}" if row.finished_at else "not finished"
    return (
        f"{global_id(_KINDS[kind], row.public_id)} {kind.name.lower()}, asked for "
        f"{row.requested_at:%Y-%m-%d %H:%M}, {state}, rows deleted: {row.rows_deleted:,}"
    )
