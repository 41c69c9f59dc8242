"""`viewgraph tenant time-zone`: changes the time zone of a tenant's days."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from audit import operator
from base.calendar import UnknownTimeZone, time_zone
from base.errors import BadUserInput
from database import Database, channel_of
from ingest.rebuild import change_time_zone
from ingest.tenants import tenant_named
from ingest.topics import announce_everything
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.settings import settings_with


def set_time_zone(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A username or an organization's id.")],
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="An IANA time zone, such as Europe/Paris.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Change the time zone in which a tenant's days start and end, and count all totals anew."""

    async def changed(database: Database) -> int:
        by = operator("tenant time-zone", datetime.now(UTC))
        rows = await change_time_zone(database, await tenant_named(database, name), zone, by)
        await announce_everything(channel_of(database.url))
        return rows

    try:
        time_zone(zone)
    except UnknownTimeZone as error:
        raise BadUserInput(f"{error}.", argument="ZONE", reason="INVALID_TIME_ZONE") from None
    rows = run_with_database(settings_with(database_url=database_url), changed)
    typer.echo(f"The days of {name} are days in {zone}. Totals changed: {rows:,}.")
