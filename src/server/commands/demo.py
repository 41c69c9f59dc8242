"""`viewgraph demo`: serves a studio with a year of activity, for trying things out."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.commands.options import Port
from server.commands.serve import start_server
from server.failures import explaining_database_errors
from server.revisions import current_revision, known_revisions
from server.secrets import secret_file, with_kept_secrets
from server.serving import require_free_port
from server.settings import Settings, settings_with

DEMO_FILE = "viewgraph-demo.sqlite3"
LIMITS = {
    "query_cost_per_user": "30000000 per minute",
    "query_cost_per_address": "30000000 per minute",
    "mutation_cost_per_user": "6000000 per minute",
    "mutation_cost_per_address": "6000000 per minute",
}
"""Limits by the names of their settings. The usual ones would stop people who measure the program on their
own machine.
"""


def demo(
    port: Port = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make the demo's data anew.")] = False,
) -> None:
    """Serve a demo studio with a year of activity, from a file of its own in this folder."""
    settings = _demo_settings(port)
    require_free_port(settings.host, settings.port)
    settings = with_kept_secrets(settings, secret_file(settings))
    if fresh or not Path(DEMO_FILE).exists():
        _fill(settings)
    else:
        _open_again(settings)
    start_server(settings)


def _demo_settings(port: int | None) -> Settings:
    # Everybody knows the password, so only this machine may connect.
    settings = settings_with(
        host="127.0.0.1",
        port=port,
        database_url=f"sqlite:///{DEMO_FILE}",
        demo=True,
        token_minutes=24 * 60,
    )
    if not settings.cors_origins:
        # People who try the demo use pages of their own, which another program serves.
        settings = settings.model_copy(update={"cors_origins": "*"})
    # People who measure the demo send all requests from one address.
    limits = {name: rate for name, rate in LIMITS.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=limits)


def _fill(settings: Settings) -> None:
    # This loads Alembic and more, which `serve` does not need.
    from server.demo.database_file import fill

    typer.echo("Filling a demo studio with a year of activity: some seconds ...")
    with explaining_database_errors(settings.database_url):
        asyncio.run(fill(settings, Path(DEMO_FILE), datetime.now(UTC)))


def _open_again(settings: Settings) -> None:
    from server.demo.database_file import open_again

    url = settings.database_url
    with explaining_database_errors(url):
        if asyncio.run(current_revision(url)) != known_revisions()[-1]:
            _migrate(url)
        asyncio.run(open_again(settings, datetime.now(UTC)))


def _migrate(url: str) -> None:
    from server import migrations

    asyncio.run(migrations.upgrade(url))
