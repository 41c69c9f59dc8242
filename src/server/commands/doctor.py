"""`viewgraph doctor`: looks for what is wrong with the settings, the machine and the database."""

import asyncio
import os
from collections.abc import Iterator
from typing import Annotated

import typer

from server.checkup.databases import check_database
from server.checkup.files import check_database_file, check_secret
from server.checkup.finding import Finding, Level, counted
from server.checkup.machine import check_machine
from server.checkup.variables import check_exposure, check_variables
from server.commands.options import DatabaseUrl
from server.failures import Failure
from server.settings import Settings, settings_with


def doctor(
    database_url: DatabaseUrl = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes will serve; VIEWGRAPH_WORKERS when absent.")
    ] = None,
) -> None:
    """Look for what is wrong, and say how to mend it; exit with 1 if something has to be mended."""
    counts = dict.fromkeys(Level, 0)
    for finding in _findings(database_url, workers):
        counts[finding.level] += 1
        typer.echo(_line(finding))
    typer.echo(
        f"{counted(counts[Level.PROBLEM], 'problem')}, {counted(counts[Level.WARNING], 'warning')}.", err=True
    )
    if counts[Level.PROBLEM]:
        raise typer.Exit(1)


def _findings(database_url: str | None, workers: int | None) -> Iterator[Finding]:
    yield from check_variables(os.environ)
    try:
        settings = settings_with(database_url=database_url, workers=workers)
    except Failure:
        # The variables are named above.
        return
    yield from check_exposure(settings)
    yield from check_secret(settings)
    yield from check_machine(settings)
    yield from check_database_file(settings)
    yield from asyncio.run(_of_database(settings))


async def _of_database(settings: Settings) -> list[Finding]:
    return [finding async for finding in check_database(settings)]


def _line(finding: Finding) -> str:
    head = f"{finding.level:8} {finding.about:13} "
    words = f"{head}{finding.words}"
    return f"{words}\n{' ' * len(head)}-> {finding.cure}" if finding.cure else words
