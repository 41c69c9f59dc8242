"""Organizations and workspaces: who may know of which, and tokens that act within one."""

from auth.access import may_enter, role_in
from base.ids import Kind
from loaders.listings import ORGANIZATIONS_OF_USER, WORKSPACES_OF_ORGANIZATION
from loaders.organizations import OrganizationRow, WorkspaceRow
from loaders.pages import Page, PageKey
from models import Role
from resolvers.context import Context
from resolvers.ids import find, no_such


async def find_organization(context: Context, id: str) -> OrganizationRow:
    """NOT_FOUND for whoever does not belong to it, UNAUTHENTICATED for nobody known, whatever the id."""
    context.viewer.required_user_id()
    row = await find(Kind.ORGANIZATION, id, context.loaders.organization_by_public_id.load)
    if await role_in(context.loaders, context.viewer, row.id) is None:
        raise no_such(Kind.ORGANIZATION)
    return row


async def find_workspace(context: Context, id: str) -> WorkspaceRow:
    """NOT_FOUND for whoever may not enter it, UNAUTHENTICATED for nobody known, whatever the id."""
    context.viewer.required_user_id()
    row = await find(Kind.WORKSPACE, id, context.loaders.workspace_by_public_id.load)
    if not await may_enter(context.loaders, context.viewer, row):
        raise no_such(Kind.WORKSPACE)
    return row


def organizations_key(context: Context, page: Page) -> PageKey:
    """Those the viewer belongs to; a token for one organization shows that one alone."""
    user_id = context.viewer.required_user_id()
    own = context.viewer.organization_id
    return PageKey(ORGANIZATIONS_OF_USER, page, user_id, None if own is None else (own,))


async def workspaces_key(context: Context, organization: OrganizationRow, page: Page) -> PageKey:
    """Those the viewer may enter: all for owners and admins, a token's own for whoever holds one."""
    viewer = context.viewer
    role = await role_in(context.loaders, viewer, organization.id)
    entered: frozenset[int] | None = None
    if role is None or viewer.user_id is None:
        entered = frozenset()
    elif role is Role.MEMBER:
        entered = await context.loaders.workspaces_of_user.load(viewer.user_id)
    if viewer.workspace_id is not None:
        own = frozenset({viewer.workspace_id})
        entered = own if entered is None else own & entered
    return PageKey(
        WORKSPACES_OF_ORGANIZATION, page, organization.id, None if entered is None else tuple(sorted(entered))
    )
