"""Makes the database file of the demo, and opens it again."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from resolvers.context import Services
from server import migrations
from server.demo.picture_addresses import point_to_pictures
from server.demo.population import populate
from server.demo.present import bring_up_to_date
from server.services import close_services, services_of
from server.settings import Settings


async def fill(settings: Settings, file: Path, now: datetime) -> None:
    """Makes the file anew. It gets its name only when it is complete."""
    part = file.with_name(f"{file.name}.part")
    _remove(part)
    url = f"sqlite:///{part}"
    await migrations.upgrade(url)
    services = services_of(settings.model_copy(update={"database_url": url}), are_patient=True)
    event.listen(services.database.engine.sync_engine, "connect", _hasten)
    try:
        await populate(services, now)
        await _settle(services, settings, now)
    finally:
        await close_services(services)
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    # SQLite would take the log of an older file for the log of the new one.
    _remove(file)
    part.replace(file)


async def open_again(settings: Settings, now: datetime) -> None:
    """Adds to a file that was made earlier what has happened since."""
    services = services_of(settings, are_patient=True)
    try:
        await _settle(services, settings, now)
    finally:
        await close_services(services)


async def _settle(services: Services, settings: Settings, now: datetime) -> None:
    await point_to_pictures(services, f"http://{settings.host}:{settings.port}")
    await bring_up_to_date(services, now)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _hasten(connection: Any, _record: Any) -> None:
    """Makes writing faster, but not safe: after a power cut the unfinished file is made anew."""
    connection.execute("PRAGMA synchronous = OFF").close()
