"""Attendances of folded days: who comes later is added to them, too. Each subject has one for a day, and all
subjects of a tenant have one together.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date
from typing import Final, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.attendance import NOBODY, hours_within, only_within, together
from base.calendar import start_of_day
from base.packed import HOUR
from base.sketches import ALL_SUBJECTS
from base.time_units import DAY, MICROSECOND
from base.time_units import HOUR as ONE_HOUR
from database import Bulk, bulk, delete_rows, table_of
from ingest.attendance_rows import CAME_ON, Came, Key, attendances, came
from ingest.columns import ATTENDANCES
from ingest.event_columns import EventColumns
from ingest.hour_rows import start_of
from ingest.hour_totals import folded_ends
from ingest.tenants import TenantRow
from ingest.visitor_sketches import VISITED_KINDS
from models import Attendance, SubjectKind

CHANGED: Final = "people = excluded.people"
_PEOPLE_PLACE: Final = 4
_KEY: Final = tuple(table_of(Attendance).primary_key.columns)


class AttendedDay(NamedTuple):
    kind: SubjectKind
    subject_id: int
    day: date
    """In UTC."""


async def attend(writer: Bulk, tenants: Mapping[int, TenantRow], events: EventColumns) -> None:
    """Adds who came on folded days. The tenants must be locked."""
    if not events.have_users:
        return
    ends = folded_ends(tenants.values())
    found: defaultdict[int, list[Came]] = defaultdict(list)
    columns = (events.tenant_ids, events.actions, events.subject_ids, events.user_ids, events.instants)
    for tenant_id, action, subject_id, user_id, at in zip(*columns, strict=True):
        kind = VISITED_KINDS.get(action)
        if user_id is not None and kind is not None and at < ends.get(tenant_id, at):
            found[tenant_id].append(Came(kind, subject_id, user_id, at // HOUR))
    added: dict[Key, bytes] = {}
    for tenant_id, people in found.items():
        added |= attendances(tenant_id, people)
    await add_attendances(writer, added)


async def add_attendances(writer: Bulk, added: Mapping[Key, bytes]) -> None:
    """Adds people of subjects to what is stored of these, and of all subjects. The tenants must be locked."""
    if not added:
        return
    given = {**added, **of_all_subjects(added)}
    # Writers that lock in one order never wait for each other in a circle. All subjects come first.
    keys = sorted(given)
    stored = await writer.packed.claim(Attendance, [(*key, given[key]) for key in keys])
    rows = []
    for key, row in zip(keys, stored, strict=True):
        if row and (grown := together([row[_PEOPLE_PLACE], given[key]])) != row[_PEOPLE_PLACE]:
            rows.append((*key, grown))
    await writer.packed.upsert(Attendance, rows, CHANGED)


def of_all_subjects(people: Mapping[Key, bytes]) -> dict[Key, bytes]:
    parts: defaultdict[Key, list[bytes]] = defaultdict(list)
    for (tenant_id, _, _, day), part in people.items():
        parts[tenant_id, *ALL_SUBJECTS, day].append(part)
    return {key: together(some) for key, some in parts.items()}


async def mend_attendances(session: AsyncSession, tenant: TenantRow, wanted: Collection[AttendedDay]) -> None:
    """Makes the attendances of these folded days anew. Those of all subjects together are left to
    `mend_attendances_of_all`. The tenant must be locked alone.
    """
    writer = await bulk(session)
    rows, empty = [], []
    for kind, subject_id, day in sorted(wanted):
        span = {"start": start_of(day), "stop": start_of(day + DAY)}
        found = await writer.fetch(CAME_ON, tenant=tenant.id, subject=subject_id, **span)
        people = attendances(tenant.id, (one for one in came(found) if one.kind == kind))
        key = (tenant.id, int(kind), subject_id, day)
        parts = [*people.values(), await _pruned(session, tenant, key)]
        if made := together(parts):
            rows.append((*key, made))
        else:
            empty.append(key)
    await writer.upsert(Attendance, rows, CHANGED)
    await delete_rows(session, Attendance, empty)


async def _pruned(session: AsyncSession, tenant: TenantRow, key: tuple[int, int, int, date]) -> bytes:
    """Who came in hours of the day whose raw events are not all there. Nobody can find that out again."""
    kept_from = tenant.kept_from.astimezone(UTC)
    if key[-1] != kept_from.date() or kept_from == start_of(key[-1]):
        return NOBODY
    is_it = [column == value for column, value in zip(_KEY, key, strict=True)]
    known = await session.scalar(select(ATTENDANCES.people).where(*is_it))
    stop = -(-(kept_from - start_of(key[-1])) // ONE_HOUR)
    return only_within(known, hours_within(0, stop)) if known else NOBODY


async def mend_attendances_of_all(session: AsyncSession, tenant: TenantRow, days: Sequence[date]) -> None:
    """Makes the attendances of all subjects together anew, on the folded days in UTC that these reporting
    days touch. The tenant must be locked alone.
    """
    touched = {day for reporting in days for day in _touched(reporting, tenant)}
    folded = sorted(day for day in touched if tenant.hours_before and day < tenant.hours_before)
    if not folded:
        return
    of_days = (ATTENDANCES.tenant_id == tenant.id, ATTENDANCES.day.in_(folded))
    kind, _ = ALL_SUBJECTS
    parts: defaultdict[date, list[bytes]] = defaultdict(list)
    stored = select(ATTENDANCES.day, ATTENDANCES.people).where(*of_days, ATTENDANCES.subject_kind != kind)
    for day, people in await session.execute(stored):
        parts[day].append(people)
    rows = [(tenant.id, *ALL_SUBJECTS, day, together(some)) for day, some in sorted(parts.items())]
    await (await bulk(session)).upsert(Attendance, rows, CHANGED)
    none = [(tenant.id, *ALL_SUBJECTS, day) for day in folded if day not in parts]
    await delete_rows(session, Attendance, none)


def _touched(day: date, tenant: TenantRow) -> Iterator[date]:
    first = start_of_day(day, tenant.zone).astimezone(UTC).date()
    last = (start_of_day(day + DAY, tenant.zone) - MICROSECOND).astimezone(UTC).date()
    while first <= last:
        yield first
        first += DAY


async def lock_attendance_of_all(session: AsyncSession, tenant_id: int, day: date) -> None:
    """Whoever adds somebody to the day locks it first, and changes that of a subject afterwards."""
    await (await bulk(session)).claim(Attendance, [(tenant_id, *ALL_SUBJECTS, day, NOBODY)])


async def merge_attendance_of_all(session: AsyncSession, tenant_id: int, day: date) -> None:
    """Makes the attendance of all subjects anew, which the session must have locked, from those of each."""
    of_day = (ATTENDANCES.tenant_id == tenant_id, ATTENDANCES.day == day)
    kind, _ = ALL_SUBJECTS
    of_subjects = select(ATTENDANCES.people).where(*of_day, ATTENDANCES.subject_kind != kind)
    people = together(await session.scalars(of_subjects))
    if people:
        await (await bulk(session)).upsert(Attendance, [(tenant_id, *ALL_SUBJECTS, day, people)], CHANGED)
        return
    await session.execute(delete(table_of(Attendance)).where(*of_day, ATTENDANCES.subject_kind == kind))
