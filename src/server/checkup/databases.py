"""Checks of the database: whether it answers and is current, what it is set to, and what is in it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select, text
from sqlmodel import col

from base.calendar import UnknownTimeZone, time_zone
from database import Database, most_connections, shown, url_of
from models import Tenant
from server.checkup.finding import Finding, ok, problem, warning
from server.failures import Failure
from server.revisions import require_current, require_sessions
from server.settings import Settings, variable

_LARGEST_DIFFERENCE: Final = timedelta(seconds=2)
_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
_MOST_ZONES: Final = 5


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    url = settings.database_url
    try:
        await require_sessions(url)
        await require_current(url)
    except Failure as failure:
        yield problem("database", str(failure), "Nothing of it is checked until then.")
        return
    yield ok("database", f"{shown(url_of(url))} answers, and its tables are up to date.")
    database = Database(url)
    try:
        if database.dialect_name == "postgresql":
            async for finding in _postgres(database, settings):
                yield finding
        else:
            yield _clock_of_file(Path(database.url.database or ""))
        yield await _zones(database)
    finally:
        await database.close()


async def _postgres(database: Database, settings: Settings) -> AsyncIterator[Finding]:
    async with database.engine.connect() as connection:
        before = datetime.now(UTC)
        (now,) = (await connection.execute(text("SELECT clock_timestamp()"))).one()
        after = datetime.now(UTC)
        rows = await connection.execute(text("SELECT name, setting FROM pg_settings"))
        said: dict[str, str] = {row.name: row.setting for row in rows}
    difference = max(before - now, now - after)
    if difference > _LARGEST_DIFFERENCE:
        yield problem(
            "clock",
            f"This machine and the database differ by {difference.total_seconds():,.0f} s.",
            "Set both by a time server.",
        )
    else:
        yield ok("clock", "This machine and the database agree.")
    for name in _DURABLE:
        if said[name] == "off":
            yield problem(
                "durability",
                f"`{name}` is off: events that were accepted can be lost when the database crashes.",
                f"Run `ALTER SYSTEM SET {name} = on`, and reload the server.",
            )
    yield _connections(settings, int(said["max_connections"]) - int(said["superuser_reserved_connections"]))


def _connections(settings: Settings, there: int) -> Finding:
    needed = settings.workers * most_connections(settings.database_readers)
    words = f"The workers of this machine may need {needed:,} connections, and the database has {there:,}."
    if needed <= there:
        return ok("connections", words)
    return problem(
        "connections",
        words,
        f"Raise `max_connections` of PostgreSQL, or lower {variable('workers')} or "
        f"{variable('database_readers')}.",
    )


def _clock_of_file(file: Path) -> Finding:
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    ahead = written - datetime.now(UTC)
    if ahead > _LARGEST_DIFFERENCE:
        return problem(
            "clock",
            f"{file} was last written {ahead.total_seconds():,.0f} s from now, so the clock went back.",
            "Set the clock by a time server.",
        )
    return ok("clock", f"It is {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC.")


async def _zones(database: Database) -> Finding:
    async with database.engine.connect() as connection:
        names = (await connection.scalars(select(col(Tenant.time_zone)).distinct())).all()
    unknown = sorted(name for name in names if not _is_known(name))
    if not unknown:
        return ok("time zones", "All zones of tenants are known.")
    return warning(
        "time zones",
        f"Zones of tenants that are unknown here: {', '.join(unknown[:_MOST_ZONES])}.",
        "Install a newer tzdata, or change them by `viewgraph tenant time-zone`.",
    )


def _is_known(zone: str) -> bool:
    try:
        time_zone(zone)
    except UnknownTimeZone:
        return False
    return True
