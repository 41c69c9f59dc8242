"""Attendances of subjects that go, and of people who go."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, LargeBinary, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.arrays import arrays
from base.attendance import NOBODY, hours_of, searched, without
from base.sketches import ALL_SUBJECTS
from database import Statement, among, bulk, delete_rows, has_bytes, table_of
from ingest.attendance import CHANGED, lock_attendance_of_all, merge_attendance_of_all
from ingest.columns import ATTENDANCES
from ingest.deletions.rows import Rows
from ingest.publication_revisions import raise_revision
from ingest.tenants import wait_to_share
from ingest.topics import Topic, touch
from models import Attendance, Publication, SubjectKind

_KIND_OF_ALL: Final = ALL_SUBJECTS[0]
_MAY_HAVE: Final = has_bytes(ATTENDANCES.people, bindparam("searched", type_=LargeBinary()))
_OF_TENANT: Final = ATTENDANCES.tenant_id == bindparam("tenant", type_=BigInteger())


class _Attended(NamedTuple):
    tenant_id: int
    kind: int
    subject_id: int
    day: date
    people: bytes


_DAYS: Final = Statement(
    select(ATTENDANCES.day).where(
        _OF_TENANT,
        ATTENDANCES.subject_kind == _KIND_OF_ALL,
        ATTENDANCES.subject_id == ALL_SUBJECTS[1],
        _MAY_HAVE,
    ),
    lambda day: day,
)
"""The days on which a person may have come to anything."""
_ON_DAY: Final = Statement(
    select(*(ATTENDANCES[column.name] for column in table_of(Attendance).columns))
    .where(_OF_TENANT, ATTENDANCES.day == bindparam("day", type_=ATTENDANCES.day.type), _MAY_HAVE)
    .order_by(ATTENDANCES.subject_kind, ATTENDANCES.subject_id),
    _Attended,
)


async def forget_person(rows: Rows, user_id: int, tenant_id: int) -> None:
    """Takes a person out of the attendances of a tenant. Nobody adds the person to them any more."""
    await arrays.ready()
    given: dict[str, Any] = {"tenant": tenant_id, "searched": searched(user_id)}
    for day in await rows.database.fetch(_DAYS, **given):
        found = await rows.database.fetch(_ON_DAY, day=day, **given)
        if attended := [one for one in found if hours_of(one.people, user_id)]:
            async with rows.changing() as session:
                await _take_out(session, user_id, attended)
            await rows.lease.count(len(attended))


async def _take_out(session: AsyncSession, user_id: int, attended: Sequence[_Attended]) -> None:
    """Of one day of a tenant."""
    await wait_to_share(session, attended[0].tenant_id)
    publications = [one.subject_id for one in attended if one.kind == SubjectKind.PUBLICATION]
    await raise_revision(session, col(Publication.id).in_(publications))
    writer = await bulk(session)
    # Somebody else may have been added meanwhile.
    claimed = await writer.claim(Attendance, [(*one[:4], NOBODY) for one in attended])
    known = [_Attended(*row) for row in claimed if row]
    left = [(*one[:4], without(one.people, [user_id])) for one in known]
    await writer.upsert(Attendance, [row for row in left if row[-1]], CHANGED)
    stay = {row[:4] for row in left if row[-1]}
    await delete_rows(session, Attendance, [one[:4] for one in attended if one[:4] not in stay])
    touch(session, *(Topic(SubjectKind(one.kind), one.subject_id) for one in attended if one.kind))


async def delete_attendances(rows: Rows, tenant_id: int, kind: SubjectKind, ids: Sequence[int]) -> None:
    """Of some subjects, day by day, each with the attendance of all subjects."""
    its = (
        ATTENDANCES.tenant_id == tenant_id,
        among(ATTENDANCES.subject_id, "ids"),
        ATTENDANCES.subject_kind == int(kind),
    )
    await arrays.ready()
    first = Statement(select(func.min(ATTENDANCES.day)).where(*its), _as_it_is)
    while (day := (await rows.database.fetch(first, ids=ids))[0]) is not None:
        async with rows.pace.turn(), rows.database.writing() as session:
            await wait_to_share(session, tenant_id)
            await lock_attendance_of_all(session, tenant_id, day)
            gone = delete(table_of(Attendance)).where(*its, ATTENDANCES.day == day)
            number = len((await session.execute(gone.returning(ATTENDANCES.subject_id), {"ids": ids})).all())
            await merge_attendance_of_all(session, tenant_id, day)
        await rows.lease.count(number)


def _as_it_is(value: Any) -> Any:
    return value
