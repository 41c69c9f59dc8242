"""Folds days that are over into totals by the hour and attendances, so that answers by the hours of any time
zone are not counted from events.

A few days of a tenant are folded at a time. First the tenant is locked alone for a moment: from then on,
whatever is counted on these days is added to the totals by those who count it. All that was counted before is
read from a snapshot of that moment, and added in small steps. At the end the days count as folded.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from base.time_units import DAY, EPOCH
from database import Database, bulk, delete_rows, table_of
from ingest.attendance_folds import add_known, attended
from ingest.attendance_rows import Key
from ingest.columns import DAYS, FOLDED, TENANTS
from ingest.deleted_subjects import are_there
from ingest.deletions.pace import Pace
from ingest.fold_claims import Busy, require_idle
from ingest.hour_rows import counted_hours, start_of, subjects_given
from ingest.hour_totals import ADDED
from ingest.tenants import TenantGone, TenantRow, lock_tenant, wait_to_share
from ingest.unfolded_tenants import unfolded_tenants
from models import Attendance, FoldedHours, HourTotal, Tenant

LATEST: Final = timedelta(hours=1)
"""No day is folded before it has been over for so long: to others it may not be over yet, because their
clocks are behind, or because they began before its end.
"""
_USUAL: Final = timedelta(hours=6)
"""By then, most events that come late have come."""
_AT_ONCE: Final = timedelta(days=7)
_EVENTS: Final = 100_000
"""Days with more are folded one by one."""
_SUBJECTS: Final = 20
_ROWS: Final = 2_000
"""So many are in memory."""
_RENEWED_AFTER: Final = timedelta(minutes=1)
_REMEMBERED: Final = timedelta(minutes=30)
"""A tenant remembers for longer than this that a subject was deleted. Whoever adds what an older snapshot
has, looks in any case whether the subjects are there.
"""
Clock = Callable[[], datetime]


class _Days(NamedTuple):
    """Days of a tenant that are folded together, from `first` up to, not including, `stop`."""

    tenant_id: int
    folded: date | None
    """The day before which all are folded; None if none is."""
    first: date
    stop: date
    began: datetime
    """When the snapshot was taken."""
    since: datetime
    """The last sign of life."""


def foldable_before(now: datetime, after: timedelta = _USUAL) -> date:
    """The first day that has not been over for so long."""
    return (now.astimezone(UTC) - after).date()


async def fold_all(database: Database, clock: Clock) -> None:
    """Folds the days that are over, of each tenant of which no other process folds any. If that fails for
    some, it raises the first error after the others.
    """
    failure: Exception | None = None
    async for id in unfolded_tenants(database, foldable_before(clock())):
        try:
            with suppress(Busy, TenantGone):
                await fold(database, id, clock, foldable_before(clock()))
        except Exception as error:
            failure = failure or error
    if failure:
        raise failure


async def fold(
    database: Database, tenant_id: int, clock: Clock, before: date, pace: Pace | None = None
) -> None:
    """Folds all days before this one that have events and are not folded. Raises Busy and TenantGone."""
    pace = pace or Pace()
    while (stop := await _planned(database, tenant_id, before, clock())) is not None:
        async with AsyncExitStack() as stack:
            days, seen = await _begin(database, stack, tenant_id, stop, clock())
            if days and seen:
                subjects = await _subjects(seen, days)
                async for rows in _counted(seen, days, subjects):
                    days = await _add(database, days, rows, pace, clock)
                async for people in attended(seen, days.tenant_id, days.first, days.stop, subjects):
                    days = await _add_people(database, days, people, pace, clock)
        if days and seen:
            await _end(database, days, days.stop)
        elif days:
            await _forget(database, days, pace, clock)


async def is_folded(session: AsyncSession, tenant_id: int, before: date) -> bool:
    """Whether nothing is left to fold of the days before this one."""
    return await _next(await session.connection(), tenant_id, before) is None


async def _planned(database: Database, tenant_id: int, before: date, now: datetime) -> date | None:
    """The end of the next days; None if there is nothing to fold. Nobody waits for it."""
    async with database.snapshot() as connection:
        days = await _next(connection, tenant_id, before)
        if days is None:
            return None
        # All workers look at the same time. Whoever comes second locks nothing.
        require_idle(
            await connection.scalar(select(TENANTS.folding_since).where(TENANTS.id == tenant_id)), now
        )
        return await _fewer(connection, days)


async def _fewer(connection: AsyncConnection, days: _Days) -> date:
    """The end of as many of the days as have not too many events, and of one at least. The snapshot has to
    end soon: meanwhile SQLite's log grows, and PostgreSQL can drop no partition.
    """
    of_days = (DAYS.tenant_id == days.tenant_id, DAYS.day >= days.first, DAYS.day < days.stop)
    counts = select(DAYS.day, func.sum(DAYS.count)).where(*of_days).group_by(DAYS.day).order_by(DAYS.day)
    events = 0
    for day, count in await connection.execute(counts):
        events += count
        if events > _EVENTS:
            stop: date = max(day, days.first + DAY)
            return stop
    return days.stop


async def _next(
    connection: AsyncConnection, tenant_id: int, before: date, now: datetime = EPOCH
) -> _Days | None:
    """The next days with events."""
    of_tenant = (DAYS.tenant_id == tenant_id,)
    folded = await connection.scalar(select(FOLDED.before).where(FOLDED.tenant_id == tenant_id))
    # A day of the reporting time zone may end on the day after it in UTC.
    later = (*of_tenant, DAYS.day >= folded - DAY) if folded else of_tenant
    counted = await connection.scalar(select(func.min(DAYS.day)).where(*later))
    if counted is None:
        return None
    # It may begin on the day before it, too.
    first = max(folded or date.min, counted - DAY)
    stop = min(before, first + _AT_ONCE)
    return _Days(tenant_id, folded, first, stop, now, now) if first < stop else None


async def _begin(
    database: Database, stack: AsyncExitStack, tenant_id: int, before: date, now: datetime
) -> tuple[_Days | None, AsyncConnection | None]:
    """The next days, and a snapshot of all that was counted on them before others began to add to their
    totals. There are no days if somebody else has folded them meanwhile. There is no snapshot if somebody has
    ended halfway: then what is left there has to go first.
    """
    # The connection comes before the lock: nobody has to wait for the tenant while we wait for a connection.
    # The snapshot itself is taken by the first statement.
    seen = await stack.enter_async_context(database.snapshot())
    async with database.writing(is_change=False) as session:
        tenant = await lock_tenant(session, tenant_id)
        if tenant.deleted_at:
            raise TenantGone
        days = await _next(seen, tenant_id, before, now)
        if days is None:
            return None, None
        require_idle(tenant.folding_since, now)
        is_clean = tenant.folding_since is None
        changed = update(Tenant).where(TENANTS.id == tenant_id)
        end = days.stop if is_clean else days.folded
        await session.execute(changed.values(hours_before=end, folding_since=now))
    return days, seen if is_clean else None


async def _subjects(seen: AsyncConnection, days: _Days) -> list[int]:
    """Those to which anything may have happened."""
    near = (DAYS.day >= days.first - DAY, DAYS.day <= days.stop)
    found = select(DAYS.subject_id).distinct().where(DAYS.tenant_id == days.tenant_id, *near)
    return sorted(await seen.scalars(found))


async def _counted(
    seen: AsyncConnection, days: _Days, subjects: Sequence[int]
) -> AsyncIterator[Sequence[Any]]:
    """Rows with packed values and without the tenant, some at a time: there may be a million of them."""
    statement = counted_hours(days.tenant_id, start_of(days.first), start_of(days.stop), of_subjects=True)
    options = {"yield_per": _ROWS}
    for start in range(0, len(subjects), _SUBJECTS):
        some = subjects_given(subjects[start : start + _SUBJECTS])
        result = await seen.stream(statement, some, execution_options=options)
        async for rows in result.partitions():
            yield rows


async def _add(database: Database, days: _Days, rows: Sequence[Any], pace: Pace, clock: Clock) -> _Days:
    """Returns the days with the last sign of life."""
    place = 0
    while some := rows[place : place + pace.size]:
        place += len(some)
        async with pace.turn(), database.writing(is_change=False) as session:
            tenant, days = await _shared(session, days, clock())
            writer = await bulk(session)
            acted = ((tenant.id, row.action, row.subject_id) for row in some)
            there = await are_there(writer, acted, {tenant.id: tenant}) or [True] * len(some)
            known = [(tenant.id, *row) for row, is_there in zip(some, there, strict=True) if is_there]
            with pace.measured():
                await writer.packed.upsert(HourTotal, known, ADDED)
    return days


async def _add_people(
    database: Database, days: _Days, people: Mapping[Key, bytes], pace: Pace, clock: Clock
) -> _Days:
    """Returns the days with the last sign of life."""
    # By days, so that few attendances of all subjects are in each step.
    left = sorted(people.items(), key=lambda one: one[0][-1])
    while some := left[: pace.size]:
        left = left[len(some) :]
        async with pace.turn(), database.writing(is_change=False) as session:
            tenant, days = await _shared(session, days, clock())
            is_old = clock() - days.began >= _REMEMBERED
            with pace.measured():
                await add_known(await bulk(session), tenant, dict(some), are_all_looked_up=is_old)
    return days


async def _shared(session: AsyncSession, days: _Days, now: datetime) -> tuple[TenantRow, _Days]:
    """Locks the tenant to add to its totals, and gives a sign of life now and then."""
    tenant = await wait_to_share(session, days.tenant_id)
    _require_ours(tenant, days)
    if now - days.since >= _RENEWED_AFTER:
        await session.execute(update(Tenant).where(*_is_ours(days)).values(folding_since=now))
        days = days._replace(since=now)
    if now - days.began >= _REMEMBERED:
        tenant = tenant._replace(subject_deleted_at=days.began)
    return tenant, days


async def _forget(database: Database, days: _Days, pace: Pace, clock: Clock) -> None:
    """Deletes what was not finished."""
    for model in (HourTotal, Attendance):
        table = table_of(model)
        left = [table.c.tenant_id == days.tenant_id]
        if days.folded:
            left.append(table.c.day >= days.folded)
        some = select(*table.primary_key.columns).where(*left)
        is_left = True
        while is_left:
            async with pace.turn(), database.writing(is_change=False) as session:
                _, days = await _shared(session, days, clock())
                with pace.measured():
                    rows = (await session.execute(some.limit(pace.size))).all()
                    await delete_rows(session, model, sorted(map(tuple, rows)))
                is_left = bool(rows)
    await _end(database, days, days.folded)


def _require_ours(tenant: TenantRow, days: _Days) -> None:
    if tenant.deleted_at or tenant.folding_since != days.since:
        raise Busy


def _is_ours(days: _Days) -> tuple[ColumnElement[bool], ...]:
    return TENANTS.id == days.tenant_id, TENANTS.folding_since == days.since


async def _end(database: Database, days: _Days, folded: date | None) -> None:
    async with database.writing(is_change=False) as session:
        tenant = await wait_to_share(session, days.tenant_id)
        _require_ours(tenant, days)
        await session.execute(update(Tenant).where(*_is_ours(days)).values(folding_since=None))
        if folded:
            row = (days.tenant_id, folded)
            await (await bulk(session)).upsert(FoldedHours, [row], "before = excluded.before")
