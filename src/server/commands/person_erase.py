"""`viewgraph person erase`: erases a person."""

from typing import Annotated

import typer

from server.commands.delete import Later, deleted
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_services
from server.deleting import DeletedObject
from server.settings import settings_with


def person_erase(
    person: Annotated[str, typer.Argument(help="An email, a username or a global id.")],
    later: Later = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Erase a person: the account, what it owns, and what the person did by name."""
    settings = settings_with(database_url=database_url)
    run_with_services(
        settings, lambda it: deleted(it, DeletedObject.ACCOUNT, person, command="person erase", later=later)
    )
