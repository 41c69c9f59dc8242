"""`viewgraph key list`: lists authentication keys."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.keys import keys_of
from server.settings import settings_with


def key_list(
    email: Annotated[str | None, typer.Argument(help="The account; all accounts when absent.")] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List authentication keys, without what they are."""
    now = datetime.now(UTC)
    keys = run_with_database(settings_with(database_url=database_url), lambda it: keys_of(it, email))
    for key in keys:
        made = f"made {key.created_at:%Y-%m-%d}"
        typer.echo("\t".join((key.id, key.email, made, key.state(now), key.use, _line(key.name))))


def _line(name: str) -> str:
    """A name may have tabs and ends of lines."""
    return name if name.isprintable() else repr(name)
