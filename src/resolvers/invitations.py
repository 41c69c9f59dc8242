"""Invitations: becoming a member or a co-creator needs the yes of the user."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.access import Access, holds_any, require
from base.errors import BadUserInput, Conflict, Forbidden, NotFound
from base.ids import Kind, global_id, uuid7
from database import insert_into
from loaders.invitations import (
    INVITATIONS_OF_ORGANIZATION,
    INVITATIONS_OF_USER,
    INVITATIONS_TO_PUBLICATION,
    InvitationByPublicId,
    InvitationRow,
)
from loaders.organizations import (
    OrganizationById,
    OrganizationRow,
    RolesOfUser,
    WorkspaceById,
    WorkspaceRow,
    WorkspacesOfUser,
)
from loaders.pages import Page, PageKey
from loaders.people import UserById, UserRow
from loaders.publications import CoCreatorKey, IsCoCreator, PublicationById, PublicationRow
from models import Instant, Invitation, InvitedWorkspace, Role, User
from resolvers.co_creators import add_co_creator, require_room
from resolvers.context import Context
from resolvers.ids import find_publication, find_user, no_such, public_id_of
from resolvers.makers import as_written
from resolvers.memberships import (
    add_membership,
    add_to_workspaces,
    lock_organization,
    require_room_for_member,
)
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
    if organization.id in await context.loaders[RolesOfUser].load(user.id):
        raise Conflict(f"{user.username} is a member already.")
    async with context.writing() as session:
        await _require_room(context, session)
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
    role = (await context.loaders[RolesOfUser].load(user.id)).get(workspace.organization_id)
    if role is None:
        raise NotFound(f"{user.username} is no member of this organization.")
    if role is not Role.MEMBER or workspace.id in await context.loaders[WorkspacesOfUser].load(user.id):
        raise Conflict(f"{user.username} may enter this workspace already.")
    async with context.writing() as session:
        await _require_room(context, session)
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


async def invite_co_creator(context: Context, publication_id: str, user_id: str) -> InvitationRow:
    """Only the owner may do so. Raises CONFLICT if the user is a co-creator, or was invited."""
    context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    await require(context.loaders, context.viewer, [Access.OWNER], publication)
    user = await find_user(context, user_id)
    if user.id == publication.owner_id:
        raise BadUserInput("The owner is no co-creator.", argument="userId", reason="OWNER_IS_NO_CO_CREATOR")
    if await context.loaders[IsCoCreator].load(CoCreatorKey(publication.id, user.id)):
        raise Conflict(f"{user.username} is a co-creator already.")
    async with context.writing() as session:
        await _require_room(context, session)
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
        known = (await session.execute(select(Invitation).where(its, *same))).scalar_one()
        raise _refusal(user, known)
    invitation.id = id
    return invitation


def _refusal(user: UserRow, known: Invitation) -> Conflict:
    again = f"You can invite again from {known.expires_at:%Y-%m-%d %H:%M} UTC."
    if known.declined_at is None:
        return Conflict(f"{user.username} is invited already. {again}", reason="INVITED")
    return Conflict(f"{user.username} has declined an invitation. {again}", reason="DECLINED")


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
    if row.role is not None:
        await require_room_for_member(context, session, row.organization_id, row.user_id)
        await add_membership(session, row.organization_id, row.user_id, Role(row.role), context.now)
    if row.workspace_id is not None:
        workspaces.append(row.workspace_id)
    await add_to_workspaces(session, workspaces, row.user_id, context.now)
    await record(
        session,
        context.actor,
        Act.MEMBER_ADDED if workspace is None else Act.WORKSPACE_MEMBER_ADDED,
        global_id(Kind.USER, user.public_id),
        organization=row.organization_id,
        **_changes(row, workspace, len(workspaces)),
    )


def _changes(row: InvitationRow, workspace: WorkspaceRow | None, workspaces: int) -> dict[str, str | int]:
    """As the audit trail tells of them."""
    if workspace is not None:
        return {"workspace": global_id(Kind.WORKSPACE, workspace.public_id)}
    assert row.role is not None
    return {"role": Role(row.role).name, "workspaces": workspaces}


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


def sent_by_organization(context: Context, organization: OrganizationRow, page: Page) -> PageKey:
    """Those that have not expired, also to its workspaces."""
    return PageKey(INVITATIONS_OF_ORGANIZATION, page, organization.id, context.now)


def sent_by_publication(context: Context, publication: PublicationRow, page: Page) -> PageKey:
    return PageKey(INVITATIONS_TO_PUBLICATION, page, publication.id, context.now)


def received_by(context: Context, user: UserRow, page: Page) -> PageKey:
    """Those that wait for an answer."""
    return PageKey(INVITATIONS_OF_USER, page, user.id, context.now)
