"""Events that were wrong: whoever may report on a subject takes them back by their ids."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from audit import Act, owner_of, record
from base.errors import BadUserInput, NotFound
from base.ids import Kind, global_id
from base.kinds import SUBJECTS
from database import bulk
from ingest.deleted_subjects import are_there
from ingest.events_by_id import Removal, Removals, RemovalStatus, find_by_id, remove_by_id
from ingest.subject_cache import key_of
from ingest.tenants import TenantRow, lock_tenant
from ingest.wire import WireSubject
from loaders.subjects import Subject, SubjectByKey, SubjectKey
from models import SubjectKind
from resolvers.context import Context
from resolvers.ids import no_such
from resolvers.locked_reporters import require_still_reports
from resolvers.recording import is_own

Require = Callable[[AsyncSession], Awaitable[None]]


async def remove(context: Context, asked: WireSubject, ids: Sequence[str]) -> Removals:
    """One for each id, in order. Whoever may report on the subject may do so; for others it is NOT_FOUND."""
    context.viewer.required_user_id()
    if len(ids) > context.limits.events:
        raise BadUserInput(
            f"At most {context.limits.events:,} ids at once.", argument="eventIds", reason="TOO_MANY_EVENTS"
        )
    key, subject = await find_subject(context, asked)
    if not await is_own(context, subject):
        raise no_such(SUBJECTS[subject.kind].id)

    async def require(session: AsyncSession) -> None:
        await require_still_reports(context, session, subject)

    return await take_back(context, key, subject, ids, require)


async def find_subject(context: Context, asked: WireSubject) -> tuple[SubjectKey, Subject]:
    """Raises NOT_FOUND."""
    key = key_of(asked)
    subject = key and await context.loaders[SubjectByKey].load(key)
    if not key or not subject:
        raise _no_subject(asked)
    return key, subject


def _no_subject(asked: WireSubject) -> NotFound:
    named = (entry.id for entry in SUBJECTS.values() if getattr(asked, entry.field) is not None)
    return no_such(next(named, Kind.PUBLICATION))


async def take_back(
    context: Context, key: SubjectKey, subject: Subject, ids: Sequence[str], require: Require
) -> Removals:
    """`require` raises an error if the viewer may not do so, when the tenant is locked. Of many days, events
    go some days at a time: if that is stopped, the same call goes on.
    """
    asked = {text: id for text in ids if (id := _uuid(text))}
    stored = await find_by_id(context.services.database, subject, set(asked.values()))
    removed: set[UUID] = set()
    for batch in stored.batches:
        async with context.writing() as session:
            tenant = await lock_tenant(session, subject.tenant_id)
            await _require_there(session, tenant, subject)
            await require(session)
            gone = await remove_by_id(session, tenant, subject, batch)
            if gone:
                await _record(context, session, key, subject, len(gone))
        removed |= gone
    each = [Removal(text, _status(asked.get(text), removed, stored.kept)) for text in ids]
    return Removals(len(removed), each)


async def nobody_asks(_: AsyncSession) -> None:
    """An operator needs nobody's leave."""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _status(id: UUID | None, removed: set[UUID], kept: set[UUID]) -> RemovalStatus:
    if id in removed:
        return RemovalStatus.REMOVED
    return RemovalStatus.KEPT if id in kept else RemovalStatus.UNKNOWN


async def _require_there(session: AsyncSession, tenant: TenantRow, subject: Subject) -> None:
    """Raises NOT_FOUND if the subject was deleted meanwhile: then its events go by themselves."""
    entry = SUBJECTS[subject.kind]
    acted = [(tenant.id, int(entry.actions[0]), subject.id)]
    there = await are_there(await bulk(session), acted, {tenant.id: tenant})
    if there is not None and not all(there):
        raise no_such(entry.id)


async def _record(
    context: Context, session: AsyncSession, key: SubjectKey, subject: Subject, events: int
) -> None:
    public_id: UUID = key.values[0]
    owner = await owner_of(session, subject.tenant_id)
    is_publication = subject.kind is SubjectKind.PUBLICATION
    await record(
        session,
        context.actor,
        Act.EVENTS_REMOVED,
        global_id(SUBJECTS[subject.kind].id, public_id),
        organization=owner.organization,
        publication=subject.id if is_publication else None,
        account=None if is_publication else owner.account,
        events=events,
    )
