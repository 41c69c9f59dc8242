"""`viewgraph person export`: writes what is kept of a person."""

import os
from pathlib import Path
from typing import Annotated

import typer

from audit import Act, record
from base.ids import Kind, global_id
from resolvers.context import Context, Services
from resolvers.person_export import person_file
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.deleting import find_person
from server.failures import Failure
from server.settings import settings_with


def person_export(
    person: Annotated[str, typer.Argument(help="An email, a username or a global id.")],
    file: Annotated[Path, typer.Argument(help="Where the JSON is written. It must not be there yet.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Write everything that is kept of a person into a file, which its owner alone can read."""

    async def exported(services: Services) -> None:
        context = Context(services, services.clock(), command="person export")
        row = await find_person(context, person)
        async with context.writing() as session:
            account = global_id(Kind.USER, row.public_id)
            await record(session, context.actor, Act.ACCOUNT_EXPORTED, account, account=row.id)
        with os.fdopen(_new(file), "wb") as out:
            async for part in person_file(services.database, row.id, context.now):
                out.write(part)

    run_with_services(settings_with(database_url=database_url), exported)
    typer.echo(f"Wrote {file}: {file.stat().st_size:,} bytes.")


def _new(file: Path) -> int:
    try:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}.") from None
