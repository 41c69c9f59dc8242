"""Making organizations, workspaces and assets, and who belongs to them."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.access import Access, require, role_in
from base.errors import BadUserInput, Conflict, Forbidden, NotFound
from base.ids import uuid7
from database import insert_into
from ingest.domains import InvalidDomain, domain_pattern
from ingest.topics import Topic, touch
from loaders.assets import AssetById, AssetRow
from loaders.organizations import OrganizationById, OrganizationRow, RolesOfUser, WorkspaceById, WorkspaceRow
from loaders.people import UserRow
from models import (
    Asset,
    AssetDomain,
    AssetFormat,
    AssetFormatType,
    Membership,
    Organization,
    Role,
    SubjectKind,
    Tenant,
    User,
    Workspace,
    WorkspaceMembership,
)
from resolvers.context import Context
from resolvers.ids import find_user
from resolvers.organizations import find_asset, find_organization, find_workspace, named_workspace
from resolvers.quotas import require_room
from resolvers.text import required_text
from resolvers.writes import as_written

_LONGEST_NAME = 200
_LONGEST_URL = 2000
MOST_FORMATS = 100
_MOST = MOST_FORMATS


async def create_organization(context: Context, name: str) -> OrganizationRow:
    """The viewer is its owner."""
    user_id = context.viewer.required_user_id()
    checked = required_text(name, "name", longest=_LONGEST_NAME)
    owned = select(col(Membership.organization_id)).where(
        col(Membership.user_id) == user_id, col(Membership.role) == Role.OWNER
    )
    async with context.writing() as session:
        most = context.limits.quotas.organizations
        await require_room(session, User, user_id, owned, most, "organizations of yours")
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        organization = Organization(
            public_id=uuid7(context.now), tenant_id=tenant.id, name=checked, created_at=context.now
        )
        session.add(organization)
        await session.flush()
        session.add(
            Membership(
                organization_id=organization.id, user_id=user_id, role=Role.OWNER, created_at=context.now
            )
        )
    return await as_written(context, OrganizationById, organization.id)


async def create_workspace(context: Context, organization_id: str, name: str) -> WorkspaceRow:
    organization = await _administered(context, organization_id)
    workspace = Workspace(
        public_id=uuid7(context.now),
        organization_id=organization.id,
        name=required_text(name, "name", longest=_LONGEST_NAME),
        created_at=context.now,
    )
    known = select(col(Workspace.id)).where(col(Workspace.organization_id) == organization.id)
    async with context.writing() as session:
        most = context.limits.quotas.workspaces
        await require_room(session, Organization, organization.id, known, most, "workspaces of it")
        session.add(workspace)
    return await as_written(context, WorkspaceById, workspace.id)


async def add_member(
    context: Context, organization_id: str, user_id: str, *, role: Role, workspace_ids: Sequence[str]
) -> UserRow:
    """By an owner or admin; owners are made by owners alone. CONFLICT where the user is a member already."""
    organization = await _administered(context, organization_id)
    await _check_may_name(context, organization, role)
    user = await find_user(context, user_id)
    workspaces = [await named_workspace(context, id, organization.id) for id in set(workspace_ids)]
    others = select(col(Membership.user_id)).where(
        col(Membership.organization_id) == organization.id, col(Membership.user_id) != user.id
    )
    async with context.writing() as session:
        most = context.limits.quotas.members
        await require_room(session, Organization, organization.id, others, most, "members of it")
        row = {
            "organization_id": organization.id,
            "user_id": user.id,
            "role": int(role),
            "created_at": context.now,
        }
        statement = insert_into(session, Membership).values(row).on_conflict_do_nothing()
        if not (await session.execute(statement.returning(col(Membership.user_id)))).all():
            raise Conflict(f"{user.username} is a member already.")
        session.add_all(
            WorkspaceMembership(workspace_id=workspace.id, user_id=user.id, created_at=context.now)
            for workspace in workspaces
        )
    return user


async def remove_member(context: Context, organization_id: str, user_id: str) -> UserRow:
    """By an owner or admin; whoever wants may leave. CONFLICT where no owner would be left."""
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
    return user


async def _remove(session: AsyncSession, organization_id: int, user_id: int) -> None:
    # Two owners who leave at once wait here for each other: one of them stays.
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


class GivenFormat(NamedTuple):
    type: AssetFormatType
    url: str
    size_bytes: int | None


async def create_asset(
    context: Context,
    workspace_id: str,
    *,
    name: str,
    formats: Sequence[GivenFormat],
    domains: Sequence[str],
) -> AssetRow:
    """By whoever may act in the workspace."""
    context.viewer.required_user_id()
    workspace = await find_workspace(context, workspace_id)
    await require(context.loaders, context.viewer, _ACTING, workspace)
    asset = Asset(
        public_id=uuid7(context.now),
        organization_id=workspace.organization_id,
        workspace_id=workspace.id,
        name=required_text(name, "name", longest=_LONGEST_NAME),
        created_at=context.now,
    )
    checked_formats, checked_domains = _checked_formats(formats), _checked_domains(domains)
    known = select(col(Asset.id)).where(col(Asset.organization_id) == workspace.organization_id)
    async with context.writing() as session:
        most = context.limits.quotas.assets
        await require_room(
            session, Organization, workspace.organization_id, known, most, "assets of its organization"
        )
        session.add(asset)
        await session.flush()
        session.add_all(_formats(asset.id, checked_formats))
        session.add_all(AssetDomain(asset_id=asset.id, name=domain) for domain in checked_domains)
    return await as_written(context, AssetById, asset.id)


async def update_asset(
    context: Context,
    id: str,
    *,
    name: str | None,
    formats: Sequence[GivenFormat] | None,
    domains: Sequence[str] | None,
) -> AssetRow:
    """What is None stays as it is; lists are replaced as a whole."""
    context.viewer.required_user_id()
    row = await find_asset(context, id)
    await require(context.loaders, context.viewer, _ACTING, row)
    checked_name = required_text(name, "name", longest=_LONGEST_NAME) if name is not None else row.name
    checked_formats = None if formats is None else _checked_formats(formats)
    checked_domains = None if domains is None else _checked_domains(domains)
    async with context.writing() as session:
        asset = await session.get_one(Asset, row.id)
        asset.name = checked_name
        if checked_formats is not None:
            await session.execute(delete(AssetFormat).where(col(AssetFormat.asset_id) == row.id))
            session.add_all(_formats(row.id, checked_formats))
        if checked_domains is not None:
            await session.execute(delete(AssetDomain).where(col(AssetDomain.asset_id) == row.id))
            session.add_all(AssetDomain(asset_id=row.id, name=domain) for domain in checked_domains)
        touch(session, Topic(SubjectKind.ASSET, row.id))
    return await as_written(context, AssetById, row.id)


_ACTING = (Access.ORGANIZATION_ADMIN, Access.WORKSPACE_MEMBER)


def _formats(asset_id: int, formats: Sequence[GivenFormat]) -> list[AssetFormat]:
    return [
        AssetFormat(asset_id=asset_id, type=given.type, url=given.url, size_bytes=given.size_bytes)
        for given in formats
    ]


def _checked_formats(formats: Sequence[GivenFormat]) -> Sequence[GivenFormat]:
    for given in formats[:_MOST]:
        if not given.url.startswith(("https://", "http://")) or len(given.url) > _LONGEST_URL:
            raise BadUserInput(
                "The URL of a file starts with https:// and has 2,000 characters at most.",
                argument="formats.url",
                reason="INVALID_URL",
            )
        if given.size_bytes is not None and given.size_bytes < 0:
            raise BadUserInput(
                "A file has no negative size.", argument="formats.sizeBytes", reason="INVALID_SIZE"
            )
    _check_number(formats, "formats")
    return formats


def _checked_domains(domains: Sequence[str]) -> list[str]:
    _check_number(domains, "domains")
    try:
        return sorted({domain_pattern(text) for text in domains})
    except InvalidDomain as error:
        raise BadUserInput(f"`{error}` is no domain.", argument="domains", reason="INVALID_DOMAIN") from None


def _check_number(items: Sequence[object], argument: str) -> None:
    if len(items) > _MOST:
        raise BadUserInput(f"At most {_MOST} {argument}.", argument=argument, reason="TOO_MANY")
