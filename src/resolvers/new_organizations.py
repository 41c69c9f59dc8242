"""Makes organizations and workspaces."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from base.ids import Kind, global_id, uuid7
from loaders.organizations import OrganizationById, OrganizationRow, WorkspaceById, WorkspaceRow
from models import Membership, Organization, Role, Tenant, User, Workspace
from resolvers.context import Context
from resolvers.makers import as_written
from resolvers.organizations import find_administered
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
    organization = await find_administered(context, organization_id)
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
