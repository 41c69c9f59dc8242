"""Gives the events of an erased person names that stand for nobody.

The new name is another one for each tenant and each day, as of any browser that nobody knows. So the visitors
of a day are as many as before, and nobody can tell which days are those of one person.
"""

from asyncio import to_thread
from datetime import date
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from base.calendar import day_of, start_of_day
from base.kinds import SUBJECTS, TAKES_BACK, SubjectKind
from base.sketches import EMPTY, VERSION, added, sketching, who
from base.time_units import DAY
from database import Statement, among, bulk, delete_rows, table_of
from ingest.columns import EVENTS, SKETCHES
from ingest.deletions.rows import Rows
from ingest.deletions.subjects import lock_sketch_of_all, merge_sketch_of_all
from ingest.tenants import TenantRow, wait_to_share
from ingest.visitors import PASSING_BYTES
from models import Event, LinkedVisit, VisitorSketch

_ON_SUBJECT: Final = (
    EVENTS.tenant_id == bindparam("tenant", type_=BigInteger()),
    EVENTS.subject_id == bindparam("subject", type_=BigInteger()),
    among(EVENTS.action, "actions"),
)


class Person(NamedTuple):
    seed: bytes
    """It is destroyed at the end. From then on nobody can make the names again."""
    user_id: int | None
    visitor: bytes | None = None
    """The hash of the name that the tenant gave the person, if the user's id is not in the event."""

    @property
    def is_actor(self) -> ColumnElement[bool]:
        if self.user_id is not None:
            return EVENTS.user_id == self.user_id
        return and_(EVENTS.user_id.is_(None), EVENTS.visitor == self.visitor)

    def name(self, tenant_id: int, day: date, browser: bytes = b"") -> bytes:
        """`browser`: the hash of a browser that was counted beside the person, because it came without a
        name, too.
        """
        text = f"{tenant_id}\n{day}\n".encode() + browser
        return blake2b(text, digest_size=PASSING_BYTES, key=self.seed).digest()


class _Subject(NamedTuple):
    tenant_id: int
    kind: SubjectKind
    id: int

    @property
    def given(self) -> dict[str, Any]:
        actions = list(map(int, SUBJECTS[self.kind].actions))
        return {"tenant": self.tenant_id, "subject": self.id, "actions": actions}

    def on(self, day: date) -> tuple[int, int, int, date]:
        """The columns of it on a day, in the tables that have a row for each."""
        return self.tenant_id, int(self.kind), self.id, day


async def rename_on(rows: Rows, person: Person, tenant_id: int, kind: SubjectKind, id: int) -> None:
    """Renames the person's events on one subject, one day after the other."""
    await sketching.ready()
    subject = _Subject(tenant_id, kind, id)
    first = Statement(select(func.min(EVENTS.occurred_at)).where(*_ON_SUBJECT, person.is_actor), _as_it_is)
    while (at := (await rows.database.fetch(first, **subject.given))[0]) is not None:
        async with rows.pace.turn(), rows.database.writing(is_change=False) as session:
            tenant = await wait_to_share(session, tenant_id)
            renamed = await _rename(session, person, subject, tenant, day_of(at, tenant.zone))
        await rows.lease.count(renamed)


def _as_it_is(value: Any) -> Any:
    return value


async def _rename(
    session: AsyncSession, person: Person, subject: _Subject, tenant: TenantRow, day: date
) -> int:
    of_day = (
        *_ON_SUBJECT,
        EVENTS.occurred_at >= start_of_day(day, tenant.zone),
        EVENTS.occurred_at < start_of_day(day + DAY, tenant.zone),
    )
    given = subject.given
    await lock_sketch_of_all(session, subject.tenant_id, day)
    seen = await session.scalars(select(EVENTS.visitor).distinct().where(*of_day, person.is_actor), given)
    browsers = [visitor for visitor in seen if visitor is not None and len(visitor) == PASSING_BYTES]
    nobody = person.name(subject.tenant_id, day)
    values = {"user_id": None, "visitor": nobody}
    renamed = await _change(session, (*of_day, person.is_actor), values, given)
    for browser in browsers:
        by_it = (*of_day, EVENTS.user_id.is_(None), EVENTS.visitor == browser)
        values = {"visitor": person.name(subject.tenant_id, day, browser)}
        renamed += await _change(session, by_it, values, given)
    if person.visitor is not None:
        await delete_rows(session, LinkedVisit, [(*subject.on(day), person.visitor)])
    # Of days whose events are gone, nobody can make the sketch anew.
    if tenant.pruned_before is None or day >= tenant.pruned_before:
        await _sketch_anew(session, subject, day, of_day)
    await merge_sketch_of_all(session, subject.tenant_id, day)
    return renamed


async def _change(
    session: AsyncSession, which: tuple[Any, ...], values: dict[str, Any], given: dict[str, Any]
) -> int:
    statement = update(table_of(Event)).where(*which).values(values).returning(EVENTS.id)
    return len((await session.execute(statement, given)).all())


async def _sketch_anew(session: AsyncSession, subject: _Subject, day: date, of_day: tuple[Any, ...]) -> None:
    counted = select(EVENTS.user_id, EVENTS.visitor).distinct()
    counted = counted.where(*of_day, EVENTS.action.not_in(list(map(int, TAKES_BACK))))
    rows = await session.execute(counted, subject.given)
    visitors = {seen for user_id, visitor in rows if (seen := who(user_id, visitor))}
    if not visitors:
        is_it = (SKETCHES.tenant_id == subject.tenant_id, SKETCHES.day == day)
        of_subject = (SKETCHES.subject_kind == int(subject.kind), SKETCHES.subject_id == subject.id)
        await session.execute(delete(table_of(VisitorSketch)).where(*is_it, *of_subject))
        return
    sketch = await to_thread(added, EMPTY, visitors)
    writer = await bulk(session)
    row = (*subject.on(day), VERSION, sketch)
    await writer.upsert(VisitorSketch, [row], "version = excluded.version, sketch = excluded.sketch")
