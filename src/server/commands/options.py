"""Options that several commands have."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

import typer

from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.errors import BadUserInput
from database import Database
from ingest.tenants import tenants_named, tenants_with_events
from server.secret_file import Purpose

_DAY = timedelta(days=1)
_FORMATS = ["%Y-%m-%d"]

DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="Where the data is; VIEWGRAPH_DATABASE_URL when absent."),
]
Port = Annotated[int | None, typer.Option(help="The port to listen on; VIEWGRAPH_PORT when absent.")]
From = Annotated[
    datetime | None,
    typer.Option("--from", metavar="DAY", formats=_FORMATS, help="The first day; of all time when absent."),
]
To = Annotated[
    datetime | None,
    typer.Option("--to", metavar="DAY", formats=_FORMATS, help="The last day; up to now when absent."),
]
Tenants = Annotated[
    list[str] | None,
    typer.Option("--tenant", metavar="NAME", help="A username or an organization's id; may be repeated."),
]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The account.")]
Organization = Annotated[str, typer.Argument(metavar="ORGANIZATION", help="The organization's id.")]
SecretPurpose = Annotated[Purpose, typer.Argument(help="What the secret is for.")]
RoleName = Literal["OWNER", "ADMIN", "MEMBER"]


def days_between(first: datetime | None, last: datetime | None) -> tuple[date, date]:
    """From the first day up to, not including, the second of the result. Raises BAD_USER_INPUT."""
    days = first.date() if first else FIRST_DAY, last.date() + _DAY if last else AFTER_LAST_DAY
    if days[0] >= days[1]:
        raise BadUserInput("The first day is after the last one.", argument="--from", reason="INVALID_RANGE")
    return days


async def tenants_of(database: Database, names: list[str] | None) -> dict[int, str]:
    """The names of the tenants by their ids: those that were named, or all that have events."""
    return await (tenants_named(database, names) if names else tenants_with_events(database))
