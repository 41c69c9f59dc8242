"""Answers to invitations: yes, no, and taken back."""

from typing import NamedTuple

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.access import Access, holds_any
from base.errors import Conflict, Forbidden
from base.ids import Kind, global_id
from loaders.invitations import (
    InvitationByPublicId,
    InvitationRow,
)
from loaders.organizations import (
    OrganizationById,
    OrganizationRow,
    WorkspaceById,
    WorkspaceRow,
)
from loaders.people import UserById, UserRow
from loaders.publications import PublicationById, PublicationRow
from models import Instant, Invitation, InvitedWorkspace, Role
from resolvers.co_creators import add_co_creator
from resolvers.context import Context
from resolvers.ids import no_such, public_id_of
from resolvers.locked_roles import lock_organization, locked_role, require_still_administers
from resolvers.makers import as_written
from resolvers.memberships import (
    add_membership,
    add_to_workspaces,
    require_room_for_member,
)
from resolvers.organizations import require_may_name


async def find_invitation(context: Context, id: str) -> InvitationRow:
    """Raises NOT_FOUND unless the viewer is invited or may invite, and UNAUTHENTICATED if nobody is signed
    in."""
    context.viewer.required_user_id()
    row = await context.loaders[InvitationByPublicId].load(public_id_of(Kind.INVITATION, id))
    if row is None or row.expires_at <= context.now or not await _is_there(context, row):
        raise no_such(Kind.INVITATION)
    if context.viewer.person_id != row.user_id and not await _may_withdraw(context, row):
        raise no_such(Kind.INVITATION)
    return row


async def _is_there(context: Context, row: InvitationRow) -> bool:
    """Whether that is there to which somebody is invited."""
    if row.publication_id is not None:
        return await context.loaders[PublicationById].load(row.publication_id) is not None
    if row.workspace_id is not None:
        return await context.loaders[WorkspaceById].load(row.workspace_id) is not None
    assert row.organization_id is not None
    return await context.loaders[OrganizationById].load(row.organization_id) is not None


async def _may_withdraw(context: Context, row: InvitationRow) -> bool:
    if row.publication_id is not None:
        publication = await context.loaders[PublicationById].load(row.publication_id)
        return await holds_any(context.loaders, context.viewer, [Access.OWNER], publication)
    assert row.organization_id is not None
    organization = await context.loaders[OrganizationById].load(row.organization_id)
    return await holds_any(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], organization)


class Joined(NamedTuple):
    """Where the viewer belongs now: exactly one is given, or a workspace and its organization."""

    organization: OrganizationRow | None = None
    workspace: WorkspaceRow | None = None
    publication: PublicationRow | None = None


async def accept(context: Context, id: str) -> Joined:
    row = await _find_own(context, id)
    user = await as_written(context, UserById, row.user_id)
    workspace = (
        None if row.workspace_id is None else await context.loaders[WorkspaceById].load(row.workspace_id)
    )
    async with context.writing() as session:
        if row.publication_id is None:
            await _join(context, session, row, user, workspace)
        else:
            await add_co_creator(session, row.publication_id, row.user_id, context.now)
            await _take(session, row)
            added = global_id(Kind.USER, user.public_id)
            await record(session, context.actor, Act.CO_CREATOR_ADDED, added, publication=row.publication_id)
    loaders, joined = context.loaders, Joined()
    if row.organization_id is not None:
        joined = joined._replace(organization=await loaders[OrganizationById].load(row.organization_id))
    if row.workspace_id is not None:
        joined = joined._replace(workspace=await loaders[WorkspaceById].load(row.workspace_id))
    if row.publication_id is not None:
        joined = joined._replace(publication=await loaders[PublicationById].load(row.publication_id))
    return joined


async def _join(
    context: Context, session: AsyncSession, row: InvitationRow, user: UserRow, workspace: WorkspaceRow | None
) -> None:
    assert row.organization_id is not None
    # First, as everybody does who ends a membership and withdraws invitations.
    await lock_organization(session, row.organization_id)
    invited = select(col(InvitedWorkspace.workspace_id)).where(col(InvitedWorkspace.invitation_id) == row.id)
    workspaces = [*(await session.execute(invited)).scalars()]
    await _take(session, row)
    is_new = False
    if row.role is not None:
        await require_room_for_member(context, session, row.organization_id, row.user_id)
        given = Role(row.role)
        is_new = await add_membership(session, row.organization_id, row.user_id, given, context.now)
    if row.workspace_id is not None:
        if await locked_role(session, row.organization_id, row.user_id) is None:
            # The user has left, or was removed, while somebody invited.
            raise no_such(Kind.INVITATION)
        workspaces.append(row.workspace_id)
    await add_to_workspaces(session, workspaces, row.user_id, context.now)
    id, organization_id = global_id(Kind.USER, user.public_id), row.organization_id
    if workspace is not None:
        entered = global_id(Kind.WORKSPACE, workspace.public_id)
        act = Act.WORKSPACE_MEMBER_ADDED
        await record(session, context.actor, act, id, organization=organization_id, workspace=entered)
    elif row.role is not None and is_new:
        role, count = Role(row.role).name, len(workspaces)
        act = Act.MEMBER_ADDED
        await record(
            session, context.actor, act, id, organization=organization_id, role=role, workspaces=count
        )


async def decline(context: Context, id: str) -> str:
    """A second time changes nothing. Returns the id."""
    row = await _find_own(context, id)
    async with context.writing() as session:
        first = func.coalesce(col(Invitation.declined_at), literal(context.now, Instant()))
        declined = update(Invitation).where(col(Invitation.id) == row.id).values(declined_at=first)
        if not (await session.execute(declined.returning(col(Invitation.id)))).all():
            raise no_such(Kind.INVITATION)
        if row.declined_at is None:
            await _record_end(context, session, Act.INVITATION_DECLINED, row)
    return id


async def withdraw(context: Context, id: str) -> str:
    """Those who may invite may do so; only owners for an owner. Raises CONFLICT if it was declined. Returns
    the id."""
    row = await find_invitation(context, id)
    if not await _may_withdraw(context, row):
        raise Forbidden("Only for those who may invite. Decline the invitation instead.")
    if row.organization_id is not None and row.role is not None:
        await require_may_name(context, row.organization_id, Role(row.role))
    async with context.writing() as session:
        if row.organization_id is not None:
            await lock_organization(session, row.organization_id)
            role = None if row.role is None else Role(row.role)
            await require_still_administers(context, session, row.organization_id, role)
        if await _take(session, row):
            raise Conflict(
                "This invitation was declined, and ends by itself: see `expiresAt`.", reason="DECLINED"
            )
        await _record_end(context, session, Act.INVITATION_WITHDRAWN, row)
    return id


async def _record_end(context: Context, session: AsyncSession, act: Act, row: InvitationRow) -> None:
    await record(
        session,
        context.actor,
        act,
        global_id(Kind.INVITATION, row.public_id),
        organization=row.organization_id,
        publication=row.publication_id,
    )


async def _find_own(context: Context, id: str) -> InvitationRow:
    """Raises FORBIDDEN if somebody else is invited."""
    row = await find_invitation(context, id)
    if context.viewer.person_id != row.user_id:
        raise Forbidden("Only for the user who is invited.")
    return row


async def _take(session: AsyncSession, row: InvitationRow) -> bool:
    """Deletes it. Returns whether it was declined. Raises NOT_FOUND if somebody else took it meanwhile."""
    taken = delete(Invitation).where(col(Invitation.id) == row.id).returning(col(Invitation.declined_at))
    declined = (await session.execute(taken)).scalars().all()
    if not declined:
        raise no_such(Kind.INVITATION)
    return declined[0] is not None
