"""Undoes imports of events, and tells the audit trail."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, literal, update
from sqlmodel import col

from audit import Act, operator, record
from base.errors import Conflict
from ingest.event_imports import Undo, event_imports
from models import EventImport, Instant
from resolvers.context import Services


async def undo_import(
    services: Services, id: int, now: datetime, *, on_batch: Callable[[int], object] = lambda _: None
) -> int:
    """Returns how many events it took out. Raises NOT_FOUND, and CONFLICT if it is undone already."""
    (row,) = await event_imports(services.database, id)
    if row.undone_at:
        raise Conflict(f"Import {id} was undone on {row.undone_at:%Y-%m-%d}.")
    work = Undo(services.database, services.topics, id, on_batch=on_batch)
    await work.run(services.clock)
    first = func.coalesce(col(EventImport.undone_at), literal(now, Instant()))
    async with services.database.writing() as session:
        changed = update(EventImport).where(col(EventImport.id) == id)
        await session.execute(changed.values(undone_at=first))
        by = operator("import --undo", now)
        await record(session, by, Act.IMPORT_UNDONE, str(id), events=work.removed)
    return work.removed
