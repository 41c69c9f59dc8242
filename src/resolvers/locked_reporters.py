"""Who may report on a subject, asked again while its tenant is locked: the right may have ended since it was
read.
"""

from typing import assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.kinds import SUBJECTS, Reporters
from loaders.subjects import Subject
from models import Role, Workspace, WorkspaceMembership
from resolvers.co_creators import co_creates, lock_publication
from resolvers.context import Context
from resolvers.ids import no_such
from resolvers.locked_roles import lock_organization, locked_role


async def require_still_reports(context: Context, session: AsyncSession, subject: Subject) -> None:
    """Raises NOT_FOUND."""
    user_id = context.viewer.required_user_id()
    entry = SUBJECTS[subject.kind]
    match entry.reporters:
        case Reporters.OWNER:
            still = user_id == subject.owner_id
        case Reporters.CO_CREATORS:
            still = user_id == subject.owner_id or await _co_creates(session, subject.id, user_id)
        case Reporters.WORKSPACE:
            still = await _enters(session, subject.owner_id, user_id)
        case unknown:
            assert_never(unknown)
    if not still:
        raise no_such(entry.id)


async def _co_creates(session: AsyncSession, publication_id: int, user_id: int) -> bool:
    await lock_publication(session, publication_id)
    return await co_creates(session, publication_id, user_id)


async def _enters(session: AsyncSession, workspace_id: int, user_id: int) -> bool:
    its = col(Workspace.id) == workspace_id
    organization_id = await session.scalar(select(col(Workspace.organization_id)).where(its))
    if organization_id is None:
        return False
    await lock_organization(session, organization_id)
    role = await locked_role(session, organization_id, user_id)
    if role is not Role.MEMBER:
        return role is not None
    added = select(col(WorkspaceMembership.user_id)).where(
        col(WorkspaceMembership.workspace_id) == workspace_id, col(WorkspaceMembership.user_id) == user_id
    )
    return await session.scalar(added) is not None
