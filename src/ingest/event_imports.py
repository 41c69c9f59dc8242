"""Imports of events: what each has brought, and how it is undone."""

from asyncio import sleep
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from operator import attrgetter
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select, tuple_, update
from sqlalchemy import literal as given
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, operator, record
from base.calendar import day_of
from base.errors import NotFound
from base.time_units import DAY
from database import Database, Statement, table_of
from ingest.columns import EVENTS
from ingest.event_removal import (
    STORED_COLUMNS,
    StoredEvent,
    remove_events,
    subject_days,
)
from ingest.mended_people import SubjectDay, mend_days
from ingest.rebuild import rebuild
from ingest.tenants import ALWAYS, TenantGone, TenantRow, lock_tenant, read_tenant
from ingest.topics import Topics, touched
from models import EventImport, ImportTenant, Instant

_IMPORTS: Final = table_of(EventImport).c
_BROUGHT: Final = table_of(ImportTenant).c
_EVENTS_OF_A_TRANSACTION: Final = 2_000
_SUBJECT_DAYS_OF_A_TRANSACTION: Final = 200
_DAYS_OF_A_TRANSACTION: Final = 30
_LONGEST_REST: Final = timedelta(seconds=0.5).total_seconds()


class ImportRow(NamedTuple):
    id: int
    file: str
    started_at: datetime
    finished_at: datetime | None
    stored: int
    duplicates: int
    rejected: int
    undo_started_at: datetime | None
    undone_at: datetime | None
    events: int
    """How many events it has brought that were not taken out by an undo."""

    @property
    def state(self) -> str:
        if self.undo_started_at:
            return "undone" if self.undone_at else "being undone"
        return "finished" if self.finished_at else "not finished"


async def begin_import(database: Database, file: str, now: datetime) -> int:
    """Returns its number."""
    row = EventImport(file=file[:255], started_at=now)
    async with database.writing(is_change=False) as session:
        session.add(row)
        await session.flush()
        await record(session, operator("import", now), Act.EVENTS_IMPORTED, str(row.id))
    return row.id


async def end_import(database: Database, id: int, finished_at: datetime | None, **counts: int) -> None:
    """`finished_at` is None if the file was not read to its end."""
    async with database.writing(is_change=False) as session:
        changed = update(EventImport).where(col(EventImport.id) == id)
        await session.execute(changed.values(finished_at=finished_at, **counts))


async def event_imports(database: Database, id: int | None = None) -> list[ImportRow]:
    """The newest first; or the one with this number. Raises NOT_FOUND."""
    brought = (
        select(func.coalesce(cast(func.sum(_BROUGHT.events), BigInteger), 0))
        .where(_BROUGHT.import_id == _IMPORTS.id)
        .scalar_subquery()
    )
    statement = select(*(_IMPORTS[name] for name in ImportRow._fields[:-1]), brought).order_by(
        _IMPORTS.id.desc()
    )
    if id is not None:
        statement = statement.where(_IMPORTS.id == id)
    found = await database.fetch(Statement(statement, ImportRow))
    if id is not None and not found:
        raise NotFound(f"There is no import with the number {id}: see `viewgraph import --list`.")
    return found


_Place = tuple[int, datetime]
"""A subject and a time. Events are taken out in the order of these."""


class _Brought(NamedTuple):
    tenant_id: int
    first_at: datetime
    last_at: datetime


class Undo:
    """Takes the events of one import out of the database, and out of the totals, some at a time. If it is
    stopped, another one goes on.
    """

    def __init__(
        self,
        database: Database,
        topics: Topics,
        import_id: int,
        *,
        on_batch: Callable[[int], object] = lambda _: None,
    ) -> None:
        """`on_batch` is called with how many events were taken out at a time."""
        self._database = database
        self._topics = topics
        self._id = import_id
        self._on_batch = on_batch
        self.removed = 0

    async def run(self, clock: Callable[[], datetime]) -> None:
        """The caller marks the import as undone."""
        await self._begin(clock())
        brought = select(_BROUGHT.tenant_id, _BROUGHT.first_at, _BROUGHT.last_at)
        statement = brought.where(_BROUGHT.import_id == self._id).order_by(_BROUGHT.tenant_id)
        for one in await self._database.fetch(Statement(statement, _Brought)):
            with suppress(TenantGone):
                await self._undo_of_tenant(one)

    async def _begin(self, now: datetime) -> None:
        """Transactions that bring events of the import come to their end first, and later ones fail."""
        first = func.coalesce(_IMPORTS.undo_started_at, given(now, Instant()))
        its = _IMPORTS.id == self._id
        async with self._database.writing(is_change=False) as session:
            await session.execute(select(_IMPORTS.id).where(its).with_for_update())
            await session.execute(update(EventImport).where(its).values(undo_started_at=first))

    async def _undo_of_tenant(self, brought: _Brought) -> None:
        after: _Place | None = (0, ALWAYS)
        while after:
            began = monotonic()
            after = await self._remove_some(brought, after)
            await sleep(min(monotonic() - began, _LONGEST_REST))
        first, stop = await self._mend_days(brought)
        # What an interaction a day later has changed, and what was wrong before.
        await rebuild(self._database, brought.tenant_id, first, stop)

    async def _remove_some(self, brought: _Brought, after: _Place) -> _Place | None:
        """Returns where the next ones begin; None after the last ones.

        While a tenant is locked, none of its events are taken in. So it first looks for them without a lock,
        and locks the tenant only to read those again, and to take them out.
        """
        ids = await self._some(brought, after)
        if not ids:
            return None
        async with self._database.writing() as session:
            tenant = await lock_tenant(session, brought.tenant_id)
            found = await self._still_there(session, tenant, ids)
            events = _cut(tenant, found)
            if events:
                await remove_events(session, tenant, events, found[len(events) :])
                await self._note(session, tenant.id, len(events))
        if not events:
            return after
        self._topics.announce(touched(session))
        self.removed += len(events)
        self._on_batch(len(events))
        return events[-1].place

    async def _some(self, brought: _Brought, after: _Place) -> list[UUID]:
        """The ids, in the order of subjects and times, of the next events and of one more. Those of pruned
        days stay in the totals.
        """
        async with self._database.snapshot() as connection:
            tenant = await read_tenant(connection, brought.tenant_id)
            place = tuple_(EVENTS.subject_id, EVENTS.occurred_at)
            found = await connection.scalars(
                select(EVENTS.id)
                .where(
                    EVENTS.tenant_id == tenant.id,
                    EVENTS.import_id == self._id,
                    EVENTS.occurred_at.between(max(brought.first_at, tenant.kept_from), brought.last_at),
                    place >= tuple_(given(after[0], BigInteger()), given(after[1], Instant())),
                )
                .order_by(EVENTS.subject_id, EVENTS.occurred_at)
                .limit(_EVENTS_OF_A_TRANSACTION + 1)
            )
            return list(found)

    async def _still_there(
        self, session: AsyncSession, tenant: TenantRow, ids: Sequence[UUID]
    ) -> list[StoredEvent]:
        found = await session.execute(
            select(*STORED_COLUMNS).where(
                EVENTS.tenant_id == tenant.id,
                EVENTS.id.in_(ids),
                EVENTS.import_id == self._id,
                EVENTS.occurred_at >= tenant.kept_from,
            )
        )
        return sorted((StoredEvent(*row) for row in found), key=attrgetter("place"))

    async def _note(self, session: AsyncSession, tenant_id: int, removed: int) -> None:
        its = (_BROUGHT.import_id == self._id, _BROUGHT.tenant_id == tenant_id)
        changed = update(table_of(ImportTenant)).where(*its)
        await session.execute(changed.values(events=_BROUGHT.events - removed))

    async def _mend_days(self, brought: _Brought) -> tuple[date, date]:
        """Returns the first day, and the day after the last one."""
        start = 0
        while True:
            async with self._database.writing() as session:
                tenant = await lock_tenant(session, brought.tenant_id)
                first, stop = _days_of(tenant, brought)
                days = [first + number * DAY for number in range((stop - first).days)]
                some = days[start : start + _DAYS_OF_A_TRANSACTION]
                if some:
                    await mend_days(session, tenant, some)
            if not some:
                return first, max(stop, first + DAY)
            start += len(some)


def _days_of(tenant: TenantRow, brought: _Brought) -> tuple[date, date]:
    first, last = (day_of(at, tenant.zone) for at in brought[1:])
    return max(first, tenant.pruned_before or first), last + DAY


def _cut(tenant: TenantRow, found: list[StoredEvent]) -> list[StoredEvent]:
    """The first ones, of not too many days at subjects: each of these is sketched anew."""
    seen: set[SubjectDay] = set()
    for number, day in enumerate(subject_days(tenant, found[:_EVENTS_OF_A_TRANSACTION])):
        seen.add(day)
        if len(seen) > _SUBJECT_DAYS_OF_A_TRANSACTION:
            return found[:number]
    return found[:_EVENTS_OF_A_TRANSACTION]
