"""`viewgraph backup` and `viewgraph restore`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from audit import Act
from server.audit_trail import record_command
from server.backups.backup import back_up
from server.backups.backup import restore as read_back
from server.commands.options import DatabaseUrl
from server.commands.verify import verify
from server.failures import Failure
from server.revisions import current_revision, has_tables, known_revisions
from server.settings import settings_with

_File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]


def backup(file: _File, database_url: DatabaseUrl = None) -> None:
    """Write all data of the database into a new file, while servers run."""
    url = settings_with(database_url=database_url).database_url
    if not asyncio.run(has_tables(url)):
        raise Failure("There is nothing to back up: the database has no tables.")
    back_up(url, file)
    record_command(url, "backup", Act.BACKED_UP)
    typer.echo(f"Wrote {file}, {file.stat().st_size:,} bytes. The secret is not in it: keep that elsewhere.")


def restore(file: _File, database_url: DatabaseUrl = None) -> None:
    """Fill an empty database from a backup, and verify its totals."""
    url = settings_with(database_url=database_url).database_url
    read_back(file, url)
    revision = asyncio.run(current_revision(url))
    typer.echo(f"The database has what {file} has.")
    if revision not in (known := known_revisions()):
        typer.echo(f"A newer Viewgraph wrote it (revision {revision}): use that version.", err=True)
        return
    if revision != known[-1]:
        typer.echo(
            f"It comes from another version (revision {revision}). Run `viewgraph migrate`, then "
            "`viewgraph verify`.",
            err=True,
        )
        return
    record_command(url, "restore", Act.RESTORED)
    verify(database_url=database_url)
