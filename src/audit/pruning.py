from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import col

from database import Database
from models import AuditEntry

_ENTRIES_OF_A_TRANSACTION = 5_000


async def prune_entries(database: Database, before: datetime) -> int:
    """Deletes what was done before an instant, some at a time, and returns how much."""
    id = col(AuditEntry.id)
    oldest = select(id).where(col(AuditEntry.created_at) < before).order_by(col(AuditEntry.created_at))
    some = oldest.limit(_ENTRIES_OF_A_TRANSACTION)
    deleted = 0
    while True:
        async with database.writing() as session:
            gone = (await session.execute(delete(AuditEntry).where(id.in_(some)).returning(id))).all()
        deleted += len(gone)
        if len(gone) < _ENTRIES_OF_A_TRANSACTION:
            return deleted
