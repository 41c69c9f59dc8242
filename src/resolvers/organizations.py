"""Finds organizations, workspaces and assets that the viewer may know of."""

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from auth.access import Access, may_enter, require, role_in
from base.errors import Forbidden
from base.ids import Kind
from loaders.assets import AssetByLegacyId, AssetByPublicId, AssetRow
from loaders.legacy import LegacyKey, LegacyLoader
from loaders.listings import (
    ASSETS_OF_ORGANIZATION,
    ASSETS_OF_WORKSPACE,
    ORGANIZATIONS_OF_USER,
    WORKSPACES_OF_ORGANIZATION,
)
from loaders.organizations import (
    OrganizationByLegacyId,
    OrganizationByPublicId,
    OrganizationRow,
    RolesOfUser,
    WorkspaceById,
    WorkspaceByLegacyId,
    WorkspaceByPublicId,
    WorkspaceRow,
    WorkspacesOfUser,
)
from loaders.pages import Page, PageKey
from models import Role
from resolvers.context import Context
from resolvers.ids import LoadLegacy, find, found, no_such

R = TypeVar("R")

INSIDERS = (Access.ORGANIZATION_ADMIN, Access.WORKSPACE_MEMBER)
"""Those who may see figures of assets, and change assets."""


async def find_organization(context: Context, id: str) -> OrganizationRow:
    """Raises NOT_FOUND if the viewer does not belong to it, and UNAUTHENTICATED if nobody is signed in."""
    context.viewer.required_user_id()
    loaders = context.loaders
    row = await find(
        Kind.ORGANIZATION, id, loaders[OrganizationByPublicId].load, loaders[OrganizationByLegacyId].load
    )
    if await role_in(context.loaders, context.viewer, row.id) is None:
        raise no_such(Kind.ORGANIZATION)
    return row


async def find_administered(context: Context, id: str) -> OrganizationRow:
    """Raises FORBIDDEN unless the viewer is an owner or an admin of it."""
    organization = await find_organization(context, id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], organization)
    return organization


async def require_may_name(context: Context, organization_id: int, role: Role) -> None:
    """Raises FORBIDDEN for owners, unless the viewer is one."""
    own = await role_in(context.loaders, context.viewer, organization_id)
    if role is Role.OWNER and own is not Role.OWNER:
        raise Forbidden("Only for owners of the organization.")


async def find_workspace(context: Context, id: str) -> WorkspaceRow:
    """Raises NOT_FOUND if the viewer may not enter it, and UNAUTHENTICATED if nobody is signed in."""
    context.viewer.required_user_id()
    load_legacy = partial(_within_own, context, context.loaders[WorkspaceByLegacyId])
    row = await find(Kind.WORKSPACE, id, context.loaders[WorkspaceByPublicId].load, load_legacy)
    if not await may_enter(context.loaders, context.viewer, row):
        raise no_such(Kind.WORKSPACE)
    return row


def organizations_key(context: Context, page: Page) -> PageKey:
    """The organizations that the viewer belongs to; with a token for one of them, only that one."""
    user_id = context.viewer.required_user_id()
    own = context.viewer.organization_id
    return PageKey(ORGANIZATIONS_OF_USER, page, user_id, None if own is None else (own,))


async def workspaces_key(context: Context, organization: OrganizationRow, page: Page) -> PageKey:
    """The workspaces that the viewer may enter: all for owners and admins, for members those that they
    were added to. With a token for one workspace, only that one."""
    entered = await entered_workspaces(context, organization)
    return PageKey(WORKSPACES_OF_ORGANIZATION, page, organization.id, entered)


async def entered_workspaces(context: Context, organization: OrganizationRow) -> tuple[int, ...] | None:
    """The ids of the workspaces that the viewer may enter; None for all."""
    viewer = context.viewer
    role = await role_in(context.loaders, viewer, organization.id)
    entered: frozenset[int] | None = None
    if role is None or viewer.user_id is None:
        entered = frozenset()
    elif role is Role.MEMBER:
        entered = frozenset(await context.loaders[WorkspacesOfUser].load(viewer.user_id))
    if viewer.workspace_id is not None:
        own = frozenset({viewer.workspace_id})
        entered = own if entered is None else own & entered
    return None if entered is None else tuple(sorted(entered))


async def assets_key(
    context: Context, organization: OrganizationRow, page: Page, workspace_ids: Sequence[str] | None
) -> PageKey:
    """The assets of the workspaces that the viewer may enter, or only of those that are named."""
    entered = await entered_workspaces(context, organization)
    if workspace_ids is not None:
        named = [await named_workspace(context, id, organization.id) for id in set(workspace_ids)]
        entered = tuple(sorted(row.id for row in named))
    return PageKey(ASSETS_OF_ORGANIZATION, page, organization.id, entered)


def workspace_assets_key(workspace: WorkspaceRow, page: Page) -> PageKey:
    return PageKey(ASSETS_OF_WORKSPACE, page, workspace.id)


async def named_workspace(context: Context, id: str, organization_id: int) -> WorkspaceRow:
    """A workspace that a filter names. Raises NOT_FOUND if the viewer may not enter it, or if it belongs
    to another organization."""
    named = {"argument": "workspaceIds", "reason": "INVALID_WORKSPACE"}
    load_legacy = within(context.loaders[WorkspaceByLegacyId], organization_id)
    row = await found(Kind.WORKSPACE, id, context.loaders[WorkspaceByPublicId].load, load_legacy)
    if (
        row is None
        or row.organization_id != organization_id
        or not await may_enter(context.loaders, context.viewer, row)
    ):
        raise no_such(Kind.WORKSPACE, **named)
    return row


def within(loader: LegacyLoader[R], organization_id: int) -> LoadLegacy[R]:
    """Finds objects of one organization by the ids of another system."""
    return lambda legacy_id: loader.load(LegacyKey(organization_id, legacy_id))


async def _within_own(context: Context, loader: LegacyLoader[R], legacy_id: str) -> R | None:
    """Among the organizations of the viewer. None if several of them have brought this id."""
    roles = await context.loaders[RolesOfUser].load(context.viewer.required_user_id())
    own = context.viewer.organization_id
    organization_ids = roles if own is None else [own]
    rows = await loader.load_many(LegacyKey(id, legacy_id) for id in organization_ids)
    known = [row for row in rows if row is not None]
    return known[0] if len(known) == 1 else None


async def find_asset(context: Context, id: str) -> AssetRow:
    """Raises NOT_FOUND if the viewer may not enter its workspace, and UNAUTHENTICATED if nobody is signed
    in."""
    context.viewer.required_user_id()
    load_legacy = partial(_within_own, context, context.loaders[AssetByLegacyId])
    row = await find(Kind.ASSET, id, context.loaders[AssetByPublicId].load, load_legacy)
    workspace = await context.loaders[WorkspaceById].load(row.workspace_id)
    if workspace is None or not await may_enter(context.loaders, context.viewer, workspace):
        raise no_such(Kind.ASSET)
    return row
