"""Makes organizations and workspaces, and lets members join and leave."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, Change, record
from auth.access import Access, require, role_in
from base.errors import Conflict, Forbidden, NotFound
from base.ids import Kind, global_id, uuid7
from database import insert_into
from loaders.organizations import OrganizationById, OrganizationRow, RolesOfUser, WorkspaceById, WorkspaceRow
from loaders.people import UserRow
from models import (
    Membership,
    Organization,
    Role,
    Tenant,
    User,
    Workspace,
    WorkspaceMembership,
)
from resolvers.context import Context
from resolvers.ids import find_user
from resolvers.makers import as_written
from resolvers.organizations import find_organization, named_workspace
from resolvers.quotas import require_within_quota
from resolvers.text_arguments import required_text

_LONGEST_NAME = 200


async def create_organization(context: Context, name: str) -> OrganizationRow:
    """The viewer becomes its owner."""
    user_id = context.viewer.required_user_id()
    checked = required_text(name, "name", longest=_LONGEST_NAME)
    owned = select(col(Membership.organization_id)).where(
        col(Membership.user_id) == user_id, col(Membership.role) == Role.OWNER
    )
    async with context.writing() as session:
        most = context.limits.quotas.organizations
        await require_within_quota(session, User, user_id, owned, most, "organizations of yours")
        organization_id = await _add_organization(context, session, checked, user_id)
    return await as_written(context, OrganizationById, organization_id)


async def _add_organization(context: Context, session: AsyncSession, name: str, owner_id: int) -> int:
    """Returns its id."""
    now = context.now
    tenant = Tenant()
    session.add(tenant)
    await session.flush()
    organization = Organization(public_id=uuid7(now), tenant_id=tenant.id, name=name, created_at=now)
    session.add(organization)
    await session.flush()
    session.add(
        Membership(organization_id=organization.id, user_id=owner_id, role=Role.OWNER, created_at=now)
    )
    made = global_id(Kind.ORGANIZATION, organization.public_id)
    await record(session, context.actor, Act.ORGANIZATION_CREATED, made, organization=organization.id)
    return organization.id


async def create_workspace(context: Context, organization_id: str, name: str) -> WorkspaceRow:
    organization = await _administered(context, organization_id)
    workspace = Workspace(
        public_id=uuid7(context.now),
        organization_id=organization.id,
        name=required_text(name, "name", longest=_LONGEST_NAME),
        created_at=context.now,
    )
    known = select(col(Workspace.id)).where(
        col(Workspace.organization_id) == organization.id, col(Workspace.deleted_at).is_(None)
    )
    async with context.writing() as session:
        most = context.limits.quotas.workspaces
        await require_within_quota(session, Organization, organization.id, known, most, "workspaces of it")
        session.add(workspace)
        made = global_id(Kind.WORKSPACE, workspace.public_id)
        await record(session, context.actor, Act.WORKSPACE_CREATED, made, organization=organization.id)
    return await as_written(context, WorkspaceById, workspace.id)


async def add_member(
    context: Context, organization_id: str, user_id: str, *, role: Role, workspace_ids: Sequence[str]
) -> UserRow:
    """Owners and admins may do so; only owners add owners. Raises CONFLICT if the user is a member
    already."""
    organization = await _administered(context, organization_id)
    await _check_may_name(context, organization, role)
    user = await find_user(context, user_id)
    workspaces = [await named_workspace(context, id, organization.id) for id in set(workspace_ids)]
    others = select(col(Membership.user_id)).where(
        col(Membership.organization_id) == organization.id, col(Membership.user_id) != user.id
    )
    async with context.writing() as session:
        most = context.limits.quotas.members
        await require_within_quota(session, Organization, organization.id, others, most, "members of it")
        if not await _add_membership(session, organization.id, user.id, role, context.now):
            raise Conflict(f"{user.username} is a member already.")
        session.add_all(
            WorkspaceMembership(workspace_id=workspace.id, user_id=user.id, created_at=context.now)
            for workspace in workspaces
        )
        await record(
            session,
            context.actor,
            Act.MEMBER_ADDED,
            global_id(Kind.USER, user.public_id),
            organization=organization.id,
            role=role.name,
            workspaces=len(workspaces),
        )
    return user


async def _add_membership(
    session: AsyncSession, organization_id: int, user_id: int, role: Role, now: datetime
) -> bool:
    """Returns False if the user is a member already."""
    row = {"organization_id": organization_id, "user_id": user_id, "role": int(role), "created_at": now}
    statement = insert_into(session, Membership).values(row).on_conflict_do_nothing()
    return bool((await session.execute(statement.returning(col(Membership.user_id)))).all())


async def remove_member(context: Context, organization_id: str, user_id: str) -> UserRow:
    """Owners and admins may do so, and members may remove themselves. Raises CONFLICT if no owner would be
    left."""
    viewer_id = context.viewer.required_user_id()
    organization = await find_organization(context, organization_id)
    user = await find_user(context, user_id)
    if user.id != viewer_id:
        await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], organization)
    known = (await context.loaders[RolesOfUser].load(user.id)).get(organization.id)
    if known is None:
        raise NotFound(f"{user.username} is no member of this organization.")
    if user.id != viewer_id:
        await _check_may_name(context, organization, known)
    async with context.writing() as session:
        await _remove(session, organization.id, user.id)
        await record(
            session,
            context.actor,
            Act.MEMBER_REMOVED,
            global_id(Kind.USER, user.public_id),
            organization=organization.id,
            role=Change(known.name, None),
        )
    return user


async def _remove(session: AsyncSession, organization_id: int, user_id: int) -> None:
    # If two owners leave at once, the second waits here, and then sees that no owner would be left.
    await session.execute(
        select(col(Organization.id))
        .where(col(Organization.id) == organization_id)
        .with_for_update(key_share=True)
    )
    of_organization = select(col(Workspace.id)).where(col(Workspace.organization_id) == organization_id)
    await session.execute(
        delete(WorkspaceMembership).where(
            col(WorkspaceMembership.user_id) == user_id,
            col(WorkspaceMembership.workspace_id).in_(of_organization),
        )
    )
    await session.execute(
        delete(Membership).where(
            col(Membership.organization_id) == organization_id, col(Membership.user_id) == user_id
        )
    )
    owners = select(func.count()).where(
        col(Membership.organization_id) == organization_id, col(Membership.role) == Role.OWNER
    )
    members = select(func.count()).where(col(Membership.organization_id) == organization_id)
    if not (await session.execute(owners)).scalar_one() and (await session.execute(members)).scalar_one():
        raise Conflict("An organization needs an owner: make another member one first.")


async def _administered(context: Context, organization_id: str) -> OrganizationRow:
    context.viewer.required_user_id()
    organization = await find_organization(context, organization_id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], organization)
    return organization


async def _check_may_name(context: Context, organization: OrganizationRow, role: Role) -> None:
    own = await role_in(context.loaders, context.viewer, organization.id)
    if role is Role.OWNER and own is not Role.OWNER:
        raise Forbidden("Only for owners of the organization.")
