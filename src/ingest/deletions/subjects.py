"""Deletes what was counted of subjects: events, totals and sketches."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, SmallInteger, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from base.kinds import SUBJECTS
from base.sketches import ALL_SUBJECTS, EMPTY, VERSION, Union, sketching
from database import Statement, among, bulk, table_of
from ingest.columns import ACTIVE, SKETCHES, VISITS
from ingest.deletions.attendance import delete_attendances
from ingest.deletions.ranges import Ranges, ranges_of_tenant
from ingest.deletions.rows import Rows
from ingest.tenants import wait_to_share
from models import (
    ActiveUser,
    DayTotal,
    EngagedView,
    Event,
    HourTotal,
    ImportedTotal,
    LinkedVisit,
    MonthTotal,
    SubjectKind,
    SubjectTotal,
    VisitorSketch,
)

_AT_A_TIME: Final = 200


def _of_subject(model: type[SQLModel], *conditions: Any, order: Sequence[str]) -> Ranges:
    """`order`: the columns that stand behind the subject's in an index."""
    its = table_of(model).c.subject_id == bindparam("subject", type_=BigInteger())
    return ranges_of_tenant(model, its, *conditions, order=order)


def _of_actions(model: type[SQLModel], *order: str) -> Ranges:
    return _of_subject(model, among(table_of(model).c.action, "actions"), order=order)


_BY_ACTION: Final = (
    _of_actions(Event, "occurred_at", "id"),
    _of_actions(ImportedTotal, "action", "day", "device", "domain_id", "source"),
    _of_actions(HourTotal, "day", "action", "device", "domain_id"),
    _of_actions(DayTotal, "action", "day", "device", "domain_id"),
    _of_actions(MonthTotal, "action", "month", "device", "domain_id"),
    _of_actions(SubjectTotal, "action"),
)
_KIND: Final = bindparam("kind", type_=SmallInteger())
_OF_KIND: Final = (
    _of_subject(ActiveUser, ACTIVE.subject_kind == _KIND, order=["user_id"]),
    _of_subject(LinkedVisit, VISITS.subject_kind == _KIND, order=["day", "visitor"]),
)
_OF_ASSET: Final = _of_subject(EngagedView, order=["occurred_at", "view_id"])


async def delete_subjects(rows: Rows, tenant_id: int, kind: SubjectKind, ids: Sequence[int]) -> None:
    """The totals of the tenant's other subjects stay. Different people of all subjects together are those of
    the others from then on.
    """
    actions = list(map(int, SUBJECTS[kind].actions))
    for id in ids:
        given = {"tenant": tenant_id, "subject": id}
        for ranges in _BY_ACTION:
            await rows.delete(ranges, **given, actions=actions)
        for ranges in _OF_KIND:
            await rows.delete(ranges, **given, kind=int(kind))
        if kind is SubjectKind.ASSET:
            await rows.delete(_OF_ASSET, **given)
    for start in range(0, len(ids), _AT_A_TIME):
        some = ids[start : start + _AT_A_TIME]
        await _delete_sketches(rows, tenant_id, kind, some)
        await delete_attendances(rows, tenant_id, kind, some)


async def _delete_sketches(rows: Rows, tenant_id: int, kind: SubjectKind, ids: Sequence[int]) -> None:
    """Day by day, each with the sketch of all subjects."""
    its = (
        SKETCHES.tenant_id == tenant_id,
        among(SKETCHES.subject_id, "ids"),
        SKETCHES.subject_kind == int(kind),
    )
    await sketching.ready()
    first = select(func.min(SKETCHES.day)).where(*its)
    found = Statement(first, _as_it_is)
    while (day := (await rows.database.fetch(found, ids=ids))[0]) is not None:
        async with rows.pace.turn(), rows.database.writing() as session:
            await wait_to_share(session, tenant_id)
            await lock_sketch_of_all(session, tenant_id, day)
            gone = await session.execute(
                delete(table_of(VisitorSketch))
                .where(*its, SKETCHES.day == day)
                .returning(SKETCHES.subject_id),
                {"ids": ids},
            )
            number = len(gone.all())
            await merge_sketch_of_all(session, tenant_id, day)
        await rows.lease.count(number)


def _as_it_is(value: Any) -> Any:
    return value


async def lock_sketch_of_all(session: AsyncSession, tenant_id: int, day: date) -> None:
    """Whoever counts a visitor of the day locks it first, and changes the sketch of a subject afterwards."""
    writer = await bulk(session)
    await writer.claim(VisitorSketch, [(tenant_id, *ALL_SUBJECTS, day, VERSION, EMPTY)])


async def merge_sketch_of_all(session: AsyncSession, tenant_id: int, day: date) -> None:
    """Makes the sketch of all subjects anew, which the session must have locked, from those of each."""
    of_day = (SKETCHES.tenant_id == tenant_id, SKETCHES.day == day)
    kind, _ = ALL_SUBJECTS
    of_subjects = select(SKETCHES.sketch).where(
        *of_day, SKETCHES.subject_kind != kind, SKETCHES.version == VERSION
    )
    sketches = list(await session.scalars(of_subjects))
    if not sketches:
        await session.execute(delete(table_of(VisitorSketch)).where(*of_day, SKETCHES.subject_kind == kind))
        return
    union = Union()
    union.add(sketches)
    merged = bytes(union.result("HLL_4").serialize_compact())
    writer = await bulk(session)
    row = (tenant_id, *ALL_SUBJECTS, day, VERSION, merged)
    await writer.upsert(VisitorSketch, [row], "version = excluded.version, sketch = excluded.sketch")
