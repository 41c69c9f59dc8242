"""Events of one subject that are named by their ids: what is stored of them, and how they are taken out."""

from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.kinds import SUBJECTS
from database import Database
from ingest.columns import EVENTS
from ingest.event_removal import (
    STORED_COLUMNS,
    StoredEvent,
    remove_events,
    subject_days,
)
from ingest.mended_people import SubjectDay, mend_days
from ingest.tenants import TenantRow, read_tenant
from loaders.subjects import Subject

_DAYS_OF_A_TRANSACTION: Final = 1
"""The visitors of the day are counted anew, while nothing else is counted for the tenant."""


class RemovalStatus(Enum):
    REMOVED = "REMOVED"
    UNKNOWN = "UNKNOWN"
    KEPT = "KEPT"


class Removal(NamedTuple):
    id: str
    """As given."""
    status: RemovalStatus


class Removals(NamedTuple):
    removed: int
    """How many events were taken out."""
    each: list[Removal]


class Found(NamedTuple):
    """What is stored of some ids."""

    batches: list[list[UUID]]
    """The ids of what can be removed. A batch is of few days, for one transaction."""
    kept: set[UUID]
    """Those that stand for something else that is stored, such as a like."""


async def find_by_id(database: Database, subject: Subject, ids: Collection[UUID]) -> Found:
    """Events of pruned days count as unknown: they stay in the totals."""
    if not ids:
        return Found([], set())
    async with database.snapshot() as connection:
        tenant = await read_tenant(connection, subject.tenant_id)
        rows = await connection.execute(_stored(tenant, subject, ids))
    events = sorted((StoredEvent(*row) for row in rows), key=attrgetter("place"))
    reported = [one for one in events if one.action in SUBJECTS[subject.kind].reported]
    kept = {one.id for one in events} - {one.id for one in reported}
    return Found([[one.id for one in batch] for batch in _batches(tenant, reported)], kept)


async def remove_by_id(
    session: AsyncSession, tenant: TenantRow, subject: Subject, ids: Collection[UUID]
) -> set[UUID]:
    """Takes one batch out. Returns the ids of what was still there. The tenant must be locked alone."""
    rows = await session.execute(_stored(tenant, subject, ids))
    events = sorted((StoredEvent(*row) for row in rows), key=attrgetter("place"))
    if events:
        await remove_events(session, tenant, events)
        # One by one, so that other requests have their turn between them.
        for day in sorted({one.day for one in subject_days(tenant, events)}):
            await mend_days(session, tenant, [day])
    return {one.id for one in events}


def _stored(tenant: TenantRow, subject: Subject, ids: Collection[UUID]) -> Select[Any]:
    return select(*STORED_COLUMNS).where(
        EVENTS.tenant_id == tenant.id,
        EVENTS.id.in_(sorted(ids)),
        EVENTS.subject_id == subject.id,
        EVENTS.action.in_(sorted(SUBJECTS[subject.kind].actions)),
        EVENTS.occurred_at >= tenant.kept_from,
    )


def _batches(tenant: TenantRow, events: Sequence[StoredEvent]) -> Iterator[list[StoredEvent]]:
    batch: list[StoredEvent] = []
    days: set[SubjectDay] = set()
    for day, one in zip(subject_days(tenant, events), events, strict=True):
        if day not in days and len(days) == _DAYS_OF_A_TRANSACTION:
            yield batch
            batch, days = [], set()
        batch.append(one)
        days.add(day)
    if batch:
        yield batch
