"""Days that newer time zone rules move. They are found, reported and counted anew, while events come in."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from base.calendar import AFTER_LAST_DAY, FIRST_DAY, Span, start_of_day, touched_days
from base.ids import Kind, global_id
from base.time_units import DAY
from base.zones import RULES_VERSION, rules_of, time_zone
from database import Database, table_of
from ingest.columns import DAYS, ORGANIZATIONS, RULES, TENANTS, USERS
from ingest.first_kept_day import mend_first_kept_day, move_first_kept_day
from ingest.rebuild import rebuild
from ingest.tenants import TenantRow, lock_tenant, read_tenant
from ingest.zone_rules import ANY_RULES, TenantClock, rules_finder, rules_of_clocks, store_clock, store_rules
from models import Organization, Tenant, User

_REMEDY = "`viewgraph rebuild --moved` counts them anew."
_LONGEST_RUN = 31
"""How many days are counted anew at once. Meanwhile, events of the tenant wait."""


class Run(NamedTuple):
    """Days from `first` up to, not including, `stop`."""

    first: date
    stop: date


class MovedDays(NamedTuple):
    """Days of a tenant that were made by other rules than those of this process."""

    tenant: TenantRow
    days: list[date]
    """The days that have events, in order."""
    is_exact: bool
    """Whether exactly these days moved. If not, each of them may have moved."""
    is_older_here: bool
    """Whether the tenant's rules are newer than those of this process."""

    def within(self, first: date, stop: date) -> "MovedDays | None":
        days = [day for day in self.days if first <= day < stop]
        return self._replace(days=days) if days else None

    def words(self, name: str) -> str:
        zone = self.tenant.clock.time_zone
        days = f"{len(self.days):,} {'day' if len(self.days) == 1 else 'days'} with events"
        days += f" ({self.days[0]} to {self.days[-1]})"
        if not self.is_exact:
            return f"{name}: it is not known by which time zone rules {days} were made. {_REMEDY}"
        if self.is_older_here:
            return (
                f"{name}: {days} are made by newer time zone rules of {zone} than those of tzdata "
                f"{RULES_VERSION}, which is here. Install a newer one."
            )
        return f"{name}: time zone rules of {zone} in tzdata {RULES_VERSION} moved {days}. {_REMEDY}"


class Mended(NamedTuple):
    days: int
    """How many days with events had been made by other rules."""
    rows: int
    """How many totals were wrong."""
    pruned_before: date | None
    """If not None, some of the days were before it, and stay as they are."""


_NOTHING = Mended(0, 0, None)

_NAMED = select(TENANTS.id, USERS.username, ORGANIZATIONS.public_id).select_from(
    table_of(Tenant)
    .outerjoin(table_of(User), USERS.tenant_id == TENANTS.id)
    .outerjoin(table_of(Organization), ORGANIZATIONS.tenant_id == TENANTS.id)
)


async def tenants_by_other_rules(database: Database) -> dict[int, str]:
    """The tenants whose days may have been made by other rules than those of this process, with their
    names.
    """
    columns = (TENANTS.time_zone, TENANTS.zone_rules, TENANTS.older_zone_rules)
    tenants: dict[int, str] = {}
    async with database.snapshot() as connection:
        clocks = [TenantClock(*row) for row in await connection.execute(select(*columns).distinct())]
        for clock in sorted(clock for clock in clocks if not clock.is_ours):
            are_like = [
                column.is_not_distinct_from(value) for column, value in zip(columns, clock, strict=True)
            ]
            for id, username, public_id in await connection.execute(_NAMED.where(*are_like)):
                organization = public_id and global_id(Kind.ORGANIZATION, public_id)
                tenants[id] = organization or username or f"tenant {id}"
    return dict(sorted(tenants.items()))


async def moved_days(connection: AsyncConnection | AsyncSession, tenant: TenantRow) -> MovedDays | None:
    """The days that have to be counted anew; None if there are none."""
    clock = tenant.clock
    if clock.is_ours:
        return None
    ours = time_zone(clock.time_zone)
    others, is_exact = await _others(connection, clock)
    days = await _days_with_events(connection, tenant.id)
    if is_exact:
        days = [day for day in days if any(_moves(day, other, ours) for other in others)]
    return MovedDays(tenant, days, is_exact, await _is_older_here(connection, clock)) if days else None


async def adopt(database: Database, tenant_id: int) -> MovedDays | None:
    """Makes the tenant count its events by our rules from now on. It does not if the tenant's rules are
    newer, or if our rules move days that have events: then it returns these days.
    """
    async with database.snapshot() as connection:
        found = await moved_days(connection, await read_tenant(connection, tenant_id))
    if found:
        return found
    async with database.writing() as session:
        tenant = await lock_tenant(session, tenant_id)
        found = await moved_days(session, tenant)
        if found is None and not tenant.clock.is_ours and not await _is_older_here(session, tenant.clock):
            await _follow_ours(session, tenant, None)
    return found


async def mend(database: Database, tenant_id: int) -> Mended:
    """Counts anew the days that our rules moved, and no others.

    First the tenant gets our rules, so that events that come in are counted by them. It remembers the older
    rules until all the days are mended: if this is stopped halfway, the next call goes on.
    """
    mended = _NOTHING
    async with database.snapshot() as connection:
        tenant = await read_tenant(connection, tenant_id)
    if tenant.clock.is_ours:
        return mended
    if tenant.clock.is_known and tenant.clock.older_zone_rules is None:
        await mend_first_kept_day(database, tenant, time_zone(tenant.clock.time_zone))
    while True:
        async with database.writing() as session:
            tenant = await lock_tenant(session, tenant_id)
            if tenant.clock.is_ours:
                return mended
            if tenant.clock.older_zone_rules is None:
                found = await moved_days(session, tenant)
                older = tenant.clock.zone_rules if found and found.is_exact else ANY_RULES
                if tenant.clock.is_known:
                    ours = time_zone(tenant.clock.time_zone)
                    await move_first_kept_day(database, session, tenant, ours)
                await _follow_ours(session, tenant, older if found else None)
                continue
        mended = await _finished(database, tenant, mended)


async def _finished(database: Database, tenant: TenantRow, mended: Mended) -> Mended:
    """Counts the days anew by the rules that the tenant has, whether they are ours or not."""
    async with database.snapshot() as connection:
        days, runs = await _to_count_anew(connection, tenant)
    pruned = tenant.pruned_before
    rows = 0
    for first, stop in runs:
        rows += (await rebuild(database, tenant.id, first, stop)).rows
    async with database.writing() as session:
        now = await lock_tenant(session, tenant.id)
        if now.clock == tenant.clock:
            await store_clock(session, tenant.id, tenant.clock._replace(older_zone_rules=None))
    is_cut = pruned is not None and any(first < pruned for first, _ in runs)
    return Mended(mended.days + len(days), mended.rows + rows, pruned if is_cut else mended.pruned_before)


async def _to_count_anew(connection: AsyncConnection, tenant: TenantRow) -> tuple[list[date], list[Run]]:
    """The days with events that were made by older rules, and the days on which these events may be now."""
    rules = await rules_of_clocks([tenant.clock], rules_finder(connection))
    older = rules.get(tenant.clock.older_zone_rules or "")
    days = await _days_with_events(connection, tenant.id)
    if older is None:
        return days, [Run(FIRST_DAY, AFTER_LAST_DAY)]
    days = [day for day in days if _moves(day, older.zone, tenant.zone)]
    touched = sorted({to for day in days for to in _moved_to(day, older.zone, tenant.zone)})
    return days, list(_runs(touched))


async def _follow_ours(session: AsyncSession, tenant: TenantRow, older: str | None) -> None:
    rules = rules_of(tenant.clock.time_zone)
    await store_rules(session, rules)
    await store_clock(session, tenant.id, TenantClock(tenant.clock.time_zone, rules.key, older))


async def _others(
    connection: AsyncConnection | AsyncSession, clock: TenantClock
) -> tuple[Sequence[ZoneInfo], bool]:
    """The other rules by which days were made, and whether these are all of them."""
    rules = await rules_of_clocks([clock], rules_finder(connection))
    keys = [key for key in (clock.zone_rules, clock.older_zone_rules) if key]
    known = [rules[key].zone for key in keys if key in rules]
    return known, clock.is_known and len(known) == len(keys)


async def _is_older_here(connection: AsyncConnection | AsyncSession, clock: TenantClock) -> bool:
    version = await connection.scalar(select(RULES.version).where(RULES.key == clock.zone_rules))
    return version is not None and version > RULES_VERSION


async def _days_with_events(connection: AsyncConnection | AsyncSession, tenant_id: int) -> list[date]:
    """It looks into the index once for each day, however many totals the day has."""
    of_tenant = select(func.min(DAYS.day)).where(DAYS.tenant_id == tenant_id)
    found = of_tenant.cte("found", recursive=True)
    day = found.c[0]
    after = of_tenant.where(DAYS.day > day).correlate(found).scalar_subquery()
    found = found.union_all(select(after).where(day.is_not(None)))
    rows = await connection.scalars(select(found.c[0]).where(found.c[0].is_not(None)))
    return list(rows)


def _moves(day: date, old: ZoneInfo, new: ZoneInfo) -> bool:
    """Whether the day begins or ends at another instant."""
    return any(start_of_day(edge, old) != start_of_day(edge, new) for edge in (day, day + DAY))


def _moved_to(day: date, old: ZoneInfo, new: ZoneInfo) -> Iterator[date]:
    """The day itself, and the days on which its events are now."""
    yield day
    span = Span(start_of_day(day, old), start_of_day(day + DAY, old))
    if span.start < span.end:
        first, stop = touched_days(span, new)
        for number in range((stop - first).days):
            yield first + number * DAY


def _runs(days: Iterable[date]) -> Iterator[Run]:
    """The runs of days, which must be in order."""
    run: Run | None = None
    for day in days:
        if run and day == run.stop and (run.stop - run.first).days < _LONGEST_RUN:
            run = Run(run.first, day + DAY)
            continue
        if run:
            yield run
        run = Run(day, day + DAY)
    if run:
        yield run
