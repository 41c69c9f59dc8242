"""The audit trail, as operators write and read it on the command line."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, literal, or_, select, tuple_

from audit import Act, ActorKind, operator, record
from audit.entries import NamedChange, changes_in
from base.ids import Kind, global_id
from database import Database, Statement, table_of
from loaders.audit_entries import AUDIT_ENTRIES
from loaders.organizations import ORGANIZATIONS
from loaders.people import USERS
from loaders.publications import PUBLICATIONS
from models import AuditEntry, Instant, Organization, Publication, User
from server.revisions import current_revision, known_revisions

_AT_A_TIME = 1_000
_place = tuple_(AUDIT_ENTRIES.created_at, AUDIT_ENTRIES.public_id)


class Told(NamedTuple):
    """An entry of the trail, with the names of now."""

    at: datetime
    public_id: UUID
    act: str
    by: ActorKind
    username: str | None
    """Of who did it; None for an operator, and if the account is gone."""
    key: str | None
    command: str | None
    object: str | None
    organization: str | None
    """The global id."""
    publication: str | None
    changes: list[NamedChange]


def record_command(database_url: str, command: str, act: Act) -> None:
    """Writes down that an operator did something outside of our transactions. A database of another version
    may have no trail: then nothing is written.
    """

    async def written() -> None:
        if await current_revision(database_url) != known_revisions()[-1]:
            return
        database = Database(database_url)
        try:
            async with database.writing() as session:
                await record(session, operator(command, datetime.now(UTC)), act, None)
        finally:
            await database.close()

    asyncio.run(written())


async def audit_trail(
    database: Database, since: datetime | None, acts: Collection[str]
) -> AsyncIterator[Told]:
    """The newest entries first. `since` is included; without `acts`, all acts are told."""
    asked = (
        select(
            *(AUDIT_ENTRIES[name] for name in ("created_at", "public_id", "act", "actor")),
            USERS.username,
            *(AUDIT_ENTRIES[name] for name in ("key", "command", "object")),
            ORGANIZATIONS.public_id,
            PUBLICATIONS.public_id,
            AUDIT_ENTRIES.changes,
        )
        .select_from(table_of(AuditEntry))
        .outerjoin(table_of(User), USERS.id == AUDIT_ENTRIES.user_id)
        .outerjoin(table_of(Organization), ORGANIZATIONS.id == AUDIT_ENTRIES.organization_id)
        .outerjoin(table_of(Publication), PUBLICATIONS.id == AUDIT_ENTRIES.publication_id)
        .order_by(AUDIT_ENTRIES.created_at.desc(), AUDIT_ENTRIES.public_id.desc())
        .limit(_AT_A_TIME)
    )
    if since:
        asked = asked.where(AUDIT_ENTRIES.created_at >= since)
    if acts:
        asked = asked.where(or_(*(AUDIT_ENTRIES.act == act for act in acts)))
    page = asked
    while told := await database.fetch(Statement(page, _told)):
        for one in told:
            yield one
        last = literal(told[-1].at, Instant()), literal(told[-1].public_id, Uuid())
        page = asked.where(_place < tuple_(*last))


def _told(
    at: datetime,
    public_id: UUID,
    act: str,
    actor: int,
    username: str | None,
    key: str | None,
    command: str | None,
    object: str | None,
    organization: UUID | None,
    publication: UUID | None,
    changes: str | None,
) -> Told:
    return Told(
        at,
        public_id,
        act,
        ActorKind(actor),
        username,
        key,
        command,
        object,
        global_id(Kind.ORGANIZATION, organization) if organization else None,
        global_id(Kind.PUBLICATION, publication) if publication else None,
        changes_in(changes),
    )
