"""`viewgraph audit`: lists the audit trail."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from audit import Act
from audit.entries import NamedChange
from database import Database
from server.audit_trail import Told, audit_trail
from server.commands.options import DatabaseUrl
from server.commands.run import run_with_database
from server.failures import Failure
from server.settings import settings_with

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]


def audit(
    since: Annotated[
        datetime | None,
        typer.Option(metavar="TIME", formats=_FORMATS, help="Only from this day or time on, in UTC."),
    ] = None,
    act: Annotated[
        list[str] | None,
        typer.Option(metavar="ACT", help="Only this act, such as MEMBER_ADDED; may be repeated."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """List who changed rights, keys, roles and others, newest first."""
    if unknown := sorted(set(act or ()) - set(Act.__members__)):
        raise Failure(f"--act: {unknown[0]} is no act. The acts are {', '.join(Act.__members__)}.")

    async def shown(database: Database) -> None:
        start = since.replace(tzinfo=UTC) if since else None
        async for told in audit_trail(database, start, act or ()):
            typer.echo(_json(told) if json else _line(told))

    run_with_database(settings_with(database_url=database_url), shown)


def _line(told: Told) -> str:
    within = told.organization or told.publication
    parts = [f"{told.at:%Y-%m-%dT%H:%M:%SZ}", told.act, _who(told)]
    parts += [told.object or "-", f"in {within}" if within and within != told.object else "-"]
    return "\t".join([*parts, " ".join(map(_change, told.changes))]).rstrip()


def _who(told: Told) -> str:
    if told.command is not None:
        return f"operator: {told.command}"
    name = told.username or "somebody who is gone"
    return f"{name} by {told.key}" if told.key else name


def _change(change: NamedChange) -> str:
    after = "" if change.after is None else change.after
    return f"{change.name}={after}" if change.before is None else f"{change.name}={change.before}->{after}"


def _json(told: Told) -> str:
    columns: dict[str, Any] = told._asdict() | {
        "by": told.by.name,
        "changes": [change._asdict() for change in told.changes],
    }
    del columns["public_id"]
    return msgspec.json.encode(columns).decode()
