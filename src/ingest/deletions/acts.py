"""The events in which an erased person acted on what belongs to others. They become those of nobody."""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, select
from sqlmodel import col

from base.kinds import SUBJECT_OF, Action, SubjectKind
from database import Statement, among, table_of
from ingest.columns import ACTIVE, EVENTS, LINKS, TENANTS
from ingest.deletions.attendance import forget_person
from ingest.deletions.lease import DeletionRow
from ingest.deletions.renaming import Person, rename_on
from ingest.deletions.rows import Rows
from ingest.linked_visits import delete_visits, lock_visits
from ingest.named_events import IS_LONE, events_of_visitors, named
from ingest.publication_revisions import raise_revision
from ingest.topics import Topic, touch
from models import ActiveUser, Publication, VisitorLink

_TENANTS_AT_A_TIME: Final = 500
_USER: Final = bindparam("user", type_=BigInteger())
_TENANTS: Final = Statement(
    select(TENANTS.id).where(TENANTS.id > bindparam("after")).order_by(TENANTS.id).limit(_TENANTS_AT_A_TIME),
    int,
)


class _Subject(NamedTuple):
    tenant_id: int
    kind: SubjectKind
    id: int


_ACTIVE_ON: Final = Statement(
    select(ACTIVE.tenant_id, ACTIVE.subject_kind, ACTIVE.subject_id).where(
        among(ACTIVE.tenant_id, "tenants"), ACTIVE.user_id == _USER
    ),
    lambda tenant_id, kind, id: _Subject(tenant_id, SubjectKind(kind), id),
)
_LINKED: Final = Statement(
    select(LINKS.tenant_id, LINKS.visitor).where(among(LINKS.tenant_id, "tenants"), LINKS.user_id == _USER),
    lambda tenant_id, visitor: (tenant_id, visitor),
)
_SEEN_ON: Final = Statement(
    select(EVENTS.subject_id, EVENTS.action).distinct().select_from(events_of_visitors(IS_LONE)),
    lambda id, action: (SUBJECT_OF[Action(action)], id),
)


async def delete_acts(rows: Rows, deletion: DeletionRow) -> None:
    """Of all tenants but the person's own, whose rows go as a whole."""
    async for tenants in _tenants(rows):
        others = [id for id in tenants if id != deletion.owner_tenant_id]
        given: dict[str, Any] = {"tenants": others, "user": deletion.object_id}
        for tenant_id, visitor in await rows.database.fetch(_LINKED, **given):
            await _unlink(rows, deletion, tenant_id, visitor)
        active = await rows.database.fetch(_ACTIVE_ON, **given)
        # While it is known where the person was. To look through the people of all tenants takes too long.
        for tenant_id in sorted({subject.tenant_id for subject in active}):
            await forget_person(rows, deletion.object_id, tenant_id)
        for subject in active:
            await _leave(rows, deletion, subject)


async def _tenants(rows: Rows) -> AsyncIterator[list[int]]:
    after = 0
    while ids := await rows.database.fetch(_TENANTS, after=after):
        yield ids
        after = ids[-1]


async def _unlink(rows: Rows, deletion: DeletionRow, tenant_id: int, visitor: bytes) -> None:
    """Of a visitor who is known to be the person, and has events without the person's id."""
    person = Person(rows.lease.seed, None, visitor)
    for kind, id in set(await rows.database.fetch(_SEEN_ON, **named(tenant_id, [visitor]))):
        await rename_on(rows, person, tenant_id, kind, id)
    its = (LINKS.tenant_id == tenant_id, LINKS.visitor == visitor, LINKS.user_id == deletion.object_id)
    async with rows.changing() as session:
        await lock_visits(session, tenant_id)
        ended = await session.execute(delete(table_of(VisitorLink)).where(*its).returning(LINKS.visitor))
        # Of days whose events are gone.
        await delete_visits(session, tenant_id, list(ended.scalars()))
    await rows.lease.count(1)


async def _leave(rows: Rows, deletion: DeletionRow, subject: _Subject) -> None:
    await rename_on(rows, Person(rows.lease.seed, deletion.object_id), *subject)
    async with rows.changing() as session:
        if subject.kind is SubjectKind.PUBLICATION:
            await raise_revision(session, col(Publication.id) == subject.id)
        await session.execute(
            delete(table_of(ActiveUser)).where(
                ACTIVE.tenant_id == subject.tenant_id,
                ACTIVE.subject_kind == int(subject.kind),
                ACTIVE.subject_id == subject.id,
                ACTIVE.user_id == deletion.object_id,
            )
        )
        touch(session, Topic(subject.kind, subject.id))
    await rows.lease.count(1)
