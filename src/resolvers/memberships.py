"""Members of organizations and workspaces: they join, leave and get other roles."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, Change, record
from auth.access import Access, require
from base.errors import Conflict, NotFound
from base.ids import Kind, global_id
from database import insert_into
from loaders.organizations import OrganizationRow, RolesOfUser, WorkspaceRow
from loaders.people import UserById, UserRow
from loaders.people_lists import MemberRow
from models import Membership, Organization, Role, Workspace, WorkspaceMembership
from resolvers.context import Context
from resolvers.ids import find_user
from resolvers.locked_roles import lock_organization, locked_role, require_still_administers
from resolvers.makers import as_written
from resolvers.organizations import find_administered, find_organization, find_workspace, require_may_name
from resolvers.quotas import require_within_quota
from resolvers.sent_invitations import forget_sent, forget_to_member


async def require_room_for_member(
    context: Context, session: AsyncSession, organization_id: int, user_id: int
) -> None:
    """Locks the organization. Raises CONFLICT."""
    others = select(col(Membership.user_id)).where(
        col(Membership.organization_id) == organization_id, col(Membership.user_id) != user_id
    )
    most = context.limits.quotas.members
    await require_within_quota(session, Organization, organization_id, others, most, "members of it")


async def add_membership(
    session: AsyncSession, organization_id: int, user_id: int, role: Role, now: datetime
) -> bool:
    """Returns False if the user is a member already."""
    row = {"organization_id": organization_id, "user_id": user_id, "role": int(role), "created_at": now}
    statement = insert_into(session, Membership).values(row).on_conflict_do_nothing()
    return bool((await session.execute(statement.returning(col(Membership.user_id)))).all())


async def add_to_workspaces(
    session: AsyncSession, workspace_ids: list[int], user_id: int, now: datetime
) -> None:
    """A workspace to which the user was added before stays as it is."""
    rows = [{"workspace_id": id, "user_id": user_id, "created_at": now} for id in workspace_ids]
    if rows:
        statement = insert_into(session, WorkspaceMembership).values(rows).on_conflict_do_nothing()
        await session.execute(statement)


async def change_role(context: Context, organization_id: str, user_id: str, role: Role) -> MemberRow:
    """Owners and admins may do so; only owners make owners, and change them. Raises CONFLICT if no owner
    would be left."""
    organization = await find_administered(context, organization_id)
    user = await find_user(context, user_id)
    for named in (role, await _role_of(context, organization, user)):
        await require_may_name(context, organization.id, named)
    async with context.writing() as session:
        await lock_organization(session, organization.id)
        before = await locked_role(session, organization.id, user.id)
        await require_still_administers(context, session, organization.id, role, before)
        joined_at = await set_role(context, session, organization.id, user, role)
    return MemberRow(user.public_id, organization.id, user.id, role, joined_at)


async def set_role(
    context: Context, session: AsyncSession, organization_id: int, user: UserRow, role: Role
) -> datetime:
    """Returns when the member joined. Raises NOT_FOUND if the user is no member."""
    await lock_organization(session, organization_id)
    its = _membership(organization_id, user.id)
    known = select(col(Membership.role), col(Membership.created_at)).where(*its)
    found = (await session.execute(known)).one_or_none()
    if found is None:
        raise NotFound("The user is no member of this organization.")
    before, joined_at = found
    await session.execute(update(Membership).where(*its).values(role=int(role)))
    if before == Role.OWNER:
        await _require_owner(session, organization_id)
    await forget_sent(session, organization_id, user.id, role)
    change = Change(Role(before).name, role.name)
    await _record(context, session, Act.ROLE_CHANGED, organization_id, user, change)
    at: datetime = joined_at
    return at


async def remove_member(context: Context, organization_id: str, user_id: str) -> UserRow:
    """Owners and admins may do so, and members may remove themselves. Raises CONFLICT if no owner would be
    left."""
    viewer_id = context.viewer.required_user_id()
    organization = await find_organization(context, organization_id)
    user = await find_user(context, user_id)
    if user.id != viewer_id:
        await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], organization)
    known = await _role_of(context, organization, user)
    if user.id != viewer_id:
        await require_may_name(context, organization.id, known)
    async with context.writing() as session:
        if user.id != viewer_id:
            await lock_organization(session, organization.id)
            before = await locked_role(session, organization.id, user.id)
            await require_still_administers(context, session, organization.id, before)
        await end_membership(context, session, organization.id, user)
    return user


async def leave_organization(context: Context, organization_id: str) -> OrganizationRow:
    """Raises CONFLICT if no owner would be left."""
    organization = await find_organization(context, organization_id)
    user = await as_written(context, UserById, context.viewer.required_user_id())
    async with context.writing() as session:
        await end_membership(context, session, organization.id, user)
    return organization


async def end_membership(
    context: Context, session: AsyncSession, organization_id: int, user: UserRow
) -> None:
    """Raises NOT_FOUND if the user is no member, and CONFLICT if no owner would be left."""
    await lock_organization(session, organization_id)
    of_organization = select(col(Workspace.id)).where(col(Workspace.organization_id) == organization_id)
    await session.execute(
        delete(WorkspaceMembership).where(
            col(WorkspaceMembership.user_id) == user.id,
            col(WorkspaceMembership.workspace_id).in_(of_organization),
        )
    )
    ended = delete(Membership).where(*_membership(organization_id, user.id))
    roles = (await session.execute(ended.returning(col(Membership.role)))).scalars().all()
    if not roles:
        raise NotFound("The user is no member of this organization.")
    if Role.OWNER in roles:
        await _require_owner(session, organization_id)
    await forget_sent(session, organization_id, user.id)
    await forget_to_member(session, organization_id, user.id)
    await _record(
        context, session, Act.MEMBER_REMOVED, organization_id, user, Change(Role(roles[0]).name, None)
    )


async def _record(
    context: Context, session: AsyncSession, act: Act, organization_id: int, user: UserRow, role: Change
) -> None:
    id = global_id(Kind.USER, user.public_id)
    await record(session, context.actor, act, id, organization=organization_id, role=role)


async def remove_from_workspace(context: Context, workspace_id: str, user_id: str) -> UserRow:
    """Owners and admins of the organization may do so."""
    workspace = await find_workspace(context, workspace_id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], workspace)
    user = await find_user(context, user_id)
    await _remove_from_workspace(context, workspace, user, is_admin=True)
    return user


async def leave_workspace(context: Context, workspace_id: str) -> WorkspaceRow:
    workspace = await find_workspace(context, workspace_id)
    user = await as_written(context, UserById, context.viewer.required_user_id())
    await _remove_from_workspace(context, workspace, user, is_admin=False)
    return workspace


async def _remove_from_workspace(
    context: Context, workspace: WorkspaceRow, user: UserRow, *, is_admin: bool
) -> None:
    """`is_admin`: whether the viewer does so as an owner or an admin of the organization."""
    its = (
        col(WorkspaceMembership.workspace_id) == workspace.id,
        col(WorkspaceMembership.user_id) == user.id,
    )
    async with context.writing() as session:
        await lock_organization(session, workspace.organization_id)
        if is_admin:
            await require_still_administers(context, session, workspace.organization_id)
        ended = delete(WorkspaceMembership).where(*its).returning(col(WorkspaceMembership.user_id))
        if not (await session.execute(ended)).all():
            raise NotFound(
                f"{user.username} was not added to this workspace. Owners and admins of the organization "
                "enter all its workspaces."
            )
        await record(
            session,
            context.actor,
            Act.WORKSPACE_MEMBER_REMOVED,
            global_id(Kind.USER, user.public_id),
            organization=workspace.organization_id,
            workspace=global_id(Kind.WORKSPACE, workspace.public_id),
        )


async def _role_of(context: Context, organization: OrganizationRow, user: UserRow) -> Role:
    """Raises NOT_FOUND."""
    role = (await context.loaders[RolesOfUser].load(user.id)).get(organization.id)
    if role is None:
        raise NotFound(f"{user.username} is no member of this organization.")
    return role


def _membership(organization_id: int, user_id: int) -> tuple[ColumnElement[bool], ...]:
    return col(Membership.organization_id) == organization_id, col(Membership.user_id) == user_id


async def _require_owner(session: AsyncSession, organization_id: int) -> None:
    owners = select(func.count()).where(
        col(Membership.organization_id) == organization_id, col(Membership.role) == Role.OWNER
    )
    if not (await session.execute(owners)).scalar_one():
        raise Conflict(
            "This is the last owner, and an organization needs one. Make another member an owner first "
            "(`changeMemberRole`), or delete the organization.",
            reason="LAST_OWNER",
        )
