"""Makes the database file of the demo."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from server import migrations
from server.demo.population import populate
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
    finally:
        await close_services(services)
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    # SQLite would take the log of an older file for the log of the new one.
    _remove(file)
    part.replace(file)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _hasten(connection: Any, _record: Any) -> None:
    """Makes writing faster, but not safe: after a power cut the unfinished file is made anew."""
    connection.execute("PRAGMA synchronous = OFF").close()
