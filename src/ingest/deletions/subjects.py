"""Deletes what was counted of subjects: events, totals and sketches."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from base.kinds import SUBJECTS
from base.sketches import ALL_SUBJECTS, EMPTY, VERSION, Union, sketching
from database import Statement, among, bulk, table_of
from ingest.columns import EVENTS, SKETCHES
from ingest.deletions.rows import Rows
from ingest.tenants import wait_to_share
from models import (
    ActiveUser,
    DayTotal,
    EngagedView,
    Event,
    HourTotal,
    ImportedTotal,
    MonthTotal,
    SubjectKind,
    SubjectTotal,
    VisitorSketch,
)

_AT_A_TIME: Final = 200
_BY_ACTION: Final[tuple[type[SQLModel], ...]] = (
    ImportedTotal,
    HourTotal,
    DayTotal,
    MonthTotal,
    SubjectTotal,
)


async def delete_subjects(rows: Rows, tenant_id: int, kind: SubjectKind, ids: Sequence[int]) -> None:
    """The totals of the tenant's other subjects stay. Distinct visitors of all subjects together are those of
    the others from then on.
    """
    actions = list(map(int, SUBJECTS[kind].actions))
    for start in range(0, len(ids), _AT_A_TIME):
        some = ids[start : start + _AT_A_TIME]
        its = _Conditions(tenant_id, kind, some)
        await rows.delete(
            Event,
            *its.of(Event),
            among(EVENTS.action, "actions"),
            order=(EVENTS.subject_id, EVENTS.occurred_at, EVENTS.id),
            ids=some,
            actions=actions,
        )
        for model in _BY_ACTION:
            of_kind = among(table_of(model).c.action, "actions")
            await rows.delete(model, *its.of(model), of_kind, ids=some, actions=actions)
        await rows.delete(ActiveUser, *its.of_kind(ActiveUser), ids=some)
        if kind is SubjectKind.ASSET:
            await rows.delete(EngagedView, *its.of(EngagedView), ids=some)
        await _delete_sketches(rows, its)


class _Conditions:
    def __init__(self, tenant_id: int, kind: SubjectKind, ids: Sequence[int]) -> None:
        self.tenant_id = tenant_id
        self._kind = kind
        self.ids = ids

    def of(self, model: type[SQLModel]) -> list[Any]:
        """`ids` is a parameter."""
        columns = table_of(model).c
        return [columns.tenant_id == self.tenant_id, among(columns.subject_id, "ids")]

    def of_kind(self, model: type[SQLModel]) -> list[Any]:
        return [*self.of(model), table_of(model).c.subject_kind == int(self._kind)]


async def _delete_sketches(rows: Rows, its: _Conditions) -> None:
    """Day by day, each with the sketch of all subjects."""
    await sketching.ready()
    first = select(func.min(SKETCHES.day)).where(*its.of_kind(VisitorSketch))
    found = Statement(first, _as_it_is)
    while (day := (await rows.database.fetch(found, ids=its.ids))[0]) is not None:
        async with rows.pace.turn(), rows.database.writing() as session:
            await wait_to_share(session, its.tenant_id)
            await lock_sketch_of_all(session, its.tenant_id, day)
            gone = await session.execute(
                delete(table_of(VisitorSketch))
                .where(*its.of_kind(VisitorSketch), SKETCHES.day == day)
                .returning(SKETCHES.subject_id),
                {"ids": its.ids},
            )
            number = len(gone.all())
            await merge_sketch_of_all(session, its.tenant_id, day)
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
