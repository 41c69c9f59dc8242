"""`viewgraph serve`: serves the API until the program is stopped."""

import asyncio
from typing import Annotated

import typer

from server.commands.options import DatabaseUrl, Port
from server.demo.announcement import announcement
from server.revisions import require_current, require_sessions
from server.secrets import secrets_of
from server.services import persisted_documents_of
from server.serving import require_free_port, start_logging
from server.serving import serve as run_workers
from server.settings import Settings, settings_with


def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; VIEWGRAPH_HOST when absent.")
    ] = None,
    port: Port = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes serve; VIEWGRAPH_WORKERS when absent.")
    ] = None,
    database_url: DatabaseUrl = None,
    demo: Annotated[bool, typer.Option("--demo", help="Show the demo sign-ins.")] = False,
) -> None:
    """Serve the API until the program is stopped."""
    settings = settings_with(
        host=host, port=port, workers=workers, database_url=database_url, demo=demo or None
    )
    require_free_port(settings.host, settings.port)
    if settings.metrics_port is not None:
        require_free_port(settings.metrics_host, settings.metrics_port)
    asyncio.run(_require_usable(settings.database_url))
    start_server(settings)


async def _require_usable(database_url: str) -> None:
    await require_sessions(database_url)
    await require_current(database_url)


def start_server(settings: Settings) -> None:
    """Runs the workers, and returns when they have ended."""
    words = asyncio.run(announcement(settings)) if settings.demo else None
    start_logging(settings)
    # Once, before there are workers: otherwise each of them would make secrets of its own.
    secrets_of(settings)
    # Otherwise each worker would fail by itself.
    persisted_documents_of(settings)
    if words:
        typer.echo(words)
    run_workers(settings)
