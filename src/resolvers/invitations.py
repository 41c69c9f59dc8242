"""Invitations: becoming a member or a co-creator needs the yes of the user."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.access import Access, require
from base.errors import BadUserInput, Conflict, NotFound
from base.ids import Kind, global_id, uuid7
from database import insert_into
from loaders.invitations import (
    INVITATIONS_OF_ORGANIZATION,
    INVITATIONS_OF_USER,
    INVITATIONS_TO_PUBLICATION,
    InvitationByPublicId,
    InvitationRow,
)
from loaders.organizations import OrganizationRow, WorkspaceRow
from loaders.pages import Page, PageKey
from loaders.people import UserRow
from loaders.publications import PublicationRow
from models import Invitation, InvitedWorkspace, Role, User, WorkspaceMembership
from resolvers.co_creators import co_creates, lock_publication, require_room
from resolvers.context import Context
from resolvers.ids import find_publication, find_user
from resolvers.locked_roles import lock_organization, locked_role, require_still_administers
from resolvers.makers import as_written
from resolvers.memberships import require_room_for_member
from resolvers.organizations import find_administered, find_workspace, named_workspace, require_may_name
from resolvers.quotas import require_within_quota

LIFETIME = timedelta(days=14)


async def invite_member(
    context: Context, organization_id: str, user_id: str, *, role: Role, workspace_ids: Sequence[str]
) -> InvitationRow:
    """Owners and admins may do so; only owners invite owners. Raises CONFLICT if the user is a member, or was
    invited."""
    organization = await find_administered(context, organization_id)
    await require_may_name(context, organization.id, role)
    user = await find_user(context, user_id)
    workspaces = [await named_workspace(context, id, organization.id) for id in set(workspace_ids)]
    async with context.writing() as session:
        # A user before an organization, as for every quota.
        await _require_room(context, session)
        await lock_organization(session, organization.id)
        await require_still_administers(context, session, organization.id, role)
        if await locked_role(session, organization.id, user.id) is not None:
            raise Conflict(f"{user.username} is a member already.")
        await require_room_for_member(context, session, organization.id, user.id)
        invitation = await _add(context, session, user, _Target(organization.id), role)
        session.add_all(
            InvitedWorkspace(invitation_id=invitation.id, workspace_id=workspace.id)
            for workspace in workspaces
        )
        await record(
            session,
            context.actor,
            Act.MEMBER_INVITED,
            global_id(Kind.USER, user.public_id),
            organization=organization.id,
            role=role.name,
            workspaces=len(workspaces),
        )
    return await as_written(context, InvitationByPublicId, invitation.public_id)


async def invite_to_workspace(context: Context, workspace_id: str, user_id: str) -> InvitationRow:
    """Owners and admins of the organization may invite its members. Raises CONFLICT for who may enter it, or
    was invited."""
    workspace = await find_workspace(context, workspace_id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], workspace)
    user = await find_user(context, user_id)
    async with context.writing() as session:
        await _require_room(context, session)
        await lock_organization(session, workspace.organization_id)
        await require_still_administers(context, session, workspace.organization_id)
        await _require_outside(session, workspace, user)
        target = _Target(workspace.organization_id, workspace.id)
        invitation = await _add(context, session, user, target)
        await record(
            session,
            context.actor,
            Act.WORKSPACE_MEMBER_INVITED,
            global_id(Kind.USER, user.public_id),
            organization=workspace.organization_id,
            workspace=global_id(Kind.WORKSPACE, workspace.public_id),
        )
    return await as_written(context, InvitationByPublicId, invitation.public_id)


async def _require_outside(session: AsyncSession, workspace: WorkspaceRow, user: UserRow) -> None:
    """Raises NOT_FOUND for who is no member of the organization, and CONFLICT for who may enter it."""
    role = await locked_role(session, workspace.organization_id, user.id)
    if role is None:
        raise NotFound(f"{user.username} is no member of this organization.")
    its = (
        col(WorkspaceMembership.workspace_id) == workspace.id,
        col(WorkspaceMembership.user_id) == user.id,
    )
    entered = select(col(WorkspaceMembership.user_id)).where(*its)
    if role is not Role.MEMBER or await session.scalar(entered) is not None:
        raise Conflict(f"{user.username} may enter this workspace already.")


async def invite_co_creator(context: Context, publication_id: str, user_id: str) -> InvitationRow:
    """Only the owner may do so. Raises CONFLICT if the user is a co-creator, or was invited."""
    context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    await require(context.loaders, context.viewer, [Access.OWNER], publication)
    user = await find_user(context, user_id)
    if user.id == publication.owner_id:
        raise BadUserInput("The owner is no co-creator.", argument="userId", reason="OWNER_IS_NO_CO_CREATOR")
    async with context.writing() as session:
        await _require_room(context, session)
        await lock_publication(session, publication.id)
        if await co_creates(session, publication.id, user.id):
            raise Conflict(f"{user.username} is a co-creator already.")
        await require_room(session, publication.id)
        invitation = await _add(context, session, user, _Target(publication_id=publication.id))
        invited = global_id(Kind.USER, user.public_id)
        await record(session, context.actor, Act.CO_CREATOR_INVITED, invited, publication=publication.id)
    return await as_written(context, InvitationByPublicId, invitation.public_id)


async def _require_room(context: Context, session: AsyncSession) -> None:
    inviter_id = context.viewer.required_user_id()
    sent = select(col(Invitation.id)).where(
        col(Invitation.inviter_id) == inviter_id, col(Invitation.expires_at) > context.now
    )
    most = context.limits.quotas.invitations
    words = "invitations of yours that were not accepted and have not expired"
    await require_within_quota(session, User, inviter_id, sent, most, words)


class _Target(NamedTuple):
    organization_id: int | None = None
    workspace_id: int | None = None
    publication_id: int | None = None


async def _add(
    context: Context, session: AsyncSession, user: UserRow, target: _Target, role: Role | None = None
) -> Invitation:
    """Raises CONFLICT if the user was invited before, and that has not expired."""
    its = col(Invitation.user_id) == user.id
    await session.execute(delete(Invitation).where(its, col(Invitation.expires_at) <= context.now))
    invitation = Invitation(
        public_id=uuid7(context.now),
        user_id=user.id,
        inviter_id=context.viewer.required_user_id(),
        created_at=context.now,
        expires_at=context.now + LIFETIME,
        role=None if role is None else int(role),
        **target._asdict(),
    )
    row = {name: value for name, value in invitation.model_dump().items() if name != "id"}
    added = insert_into(session, Invitation).values(row).on_conflict_do_nothing()
    id = (await session.execute(added.returning(col(Invitation.id)))).scalar_one_or_none()
    if id is None:
        places = target._asdict().items()
        same = [col(getattr(Invitation, name)).is_not_distinct_from(place) for name, place in places]
        known = (await session.execute(select(Invitation).where(its, *same))).scalar_one_or_none()
        if known is None:
            raise Conflict("An invitation of before has just ended. Try again.")
        raise _refusal(user, known)
    invitation.id = id
    return invitation


def _refusal(user: UserRow, known: Invitation) -> Conflict:
    again = f"You can invite again from {known.expires_at:%Y-%m-%d %H:%M} UTC."
    if known.declined_at is None:
        return Conflict(f"{user.username} is invited already. {again}", reason="INVITED")
    return Conflict(f"{user.username} has declined an invitation. {again}", reason="DECLINED")


def sent_by_organization(context: Context, organization: OrganizationRow, page: Page) -> PageKey:
    """Those that have not expired, also to its workspaces."""
    return PageKey(INVITATIONS_OF_ORGANIZATION, page, organization.id, context.now)


def sent_by_publication(context: Context, publication: PublicationRow, page: Page) -> PageKey:
    return PageKey(INVITATIONS_TO_PUBLICATION, page, publication.id, context.now)


def received_by(context: Context, user: UserRow, page: Page) -> PageKey:
    """Those that wait for an answer."""
    return PageKey(INVITATIONS_OF_USER, page, user.id, context.now)
