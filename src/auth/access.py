"""Who may see what. Only this module decides it."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from auth.viewer import TokenScope, Viewer
from base.errors import ExpectedError, Forbidden, Unauthenticated
from loaders.assets import AssetRow
from loaders.base import Loader, Loaders
from loaders.insights import InsightRow
from loaders.organizations import OrganizationRow, RolesOfUser, WorkspaceById, WorkspaceRow, WorkspacesOfUser
from loaders.people import UserRow
from loaders.publications import CoCreators, PublicationRow
from models import Role


class Access(Enum):
    """A relation between the viewer and an object."""

    AUTHENTICATED = "AUTHENTICATED"
    SELF = "SELF"
    OWNER = "OWNER"
    CO_CREATOR = "CO_CREATOR"
    WORKSPACE_MEMBER = "WORKSPACE_MEMBER"
    ORGANIZATION_ADMIN = "ORGANIZATION_ADMIN"


async def require(loaders: Loaders, viewer: Viewer, relations: Sequence[Access], row: Any) -> None:
    """Raises UNAUTHENTICATED or FORBIDDEN unless the viewer holds one of the relations to the row."""
    if viewer.user_id is None:
        raise _unauthenticated(viewer)
    if not await holds_any(loaders, viewer, relations, row):
        raise _forbidden(relations)


async def refusals(
    loaders: Loaders, viewer: Viewer, relations: Sequence[Access], rows: Sequence[Any]
) -> list[ExpectedError | None]:
    """For each row what `require` raises; None where it raises nothing. Each loader is asked for all of them
    at once.
    """
    if viewer.user_id is None:
        return [_unauthenticated(viewer) for _ in rows]
    refused: list[ExpectedError | None] = [None] * len(rows)
    for number in await _without_any(loaders, viewer, relations, rows):
        refused[number] = _forbidden(relations)
    return refused


async def _without_any(
    loaders: Loaders, viewer: Viewer, relations: Sequence[Access], rows: Sequence[Any]
) -> Sequence[int]:
    """The numbers of the rows to which the viewer holds none of the relations."""
    rest: Sequence[int] = range(len(rows))
    for relation in relations:
        if not rest:
            break
        if reads := _READS.get((relation, type(rows[rest[0]]))):
            keys = {reads.key(rows[number]) for number in rest}
            await gather(*(loaders[reads.loader].load(key) for key in keys))
        rest = [number for number in rest if not await _holds(loaders, viewer, relation, rows[number])]
    return rest


def _unauthenticated(viewer: Viewer) -> Unauthenticated:
    return Unauthenticated(viewer.refusal or "Sign in to see this.")


def _forbidden(relations: Sequence[Access]) -> Forbidden:
    return Forbidden(f"Only for {named(relations)}.")


def require_scope(viewer: Viewer, narrowest: TokenScope) -> None:
    """Raises FORBIDDEN if the token is for less. A viewer without a token is refused elsewhere."""
    if not narrowest.covers(viewer.scope):
        raise Forbidden(f"{_TOKENS[viewer.scope]} cannot do this.")


_TOKENS = {
    TokenScope.ORGANIZATION: "A token that is for one organization",
    TokenScope.WORKSPACE: "A token that is for one workspace",
}
_WORDS = {
    Access.AUTHENTICATED: "anyone who is signed in",
    Access.SELF: "the user it belongs to",
    Access.OWNER: "the owner of the publication",
    Access.CO_CREATOR: "its co-creators",
    Access.WORKSPACE_MEMBER: "members of the workspace",
    Access.ORGANIZATION_ADMIN: "owners and admins of the organization",
}


def named(relations: Sequence[Access]) -> str:
    """Says in words who has one of these relations."""
    return " and ".join(_WORDS[relation] for relation in relations)


async def holds_any(loaders: Loaders, viewer: Viewer, relations: Sequence[Access], row: Any) -> bool:
    if viewer.user_id is None:
        return False
    for relation in relations:
        if await _holds(loaders, viewer, relation, row):
            return True
    return False


async def _holds(loaders: Loaders, viewer: Viewer, relation: Access, row: Any) -> bool:
    if relation is Access.AUTHENTICATED:
        return True
    rule = _RULES[relation, type(row)]
    return await rule(loaders, viewer, row)


async def _is_self(_: Loaders, viewer: Viewer, user: UserRow) -> bool:
    return viewer.person_id == user.id


async def _is_about_self(_: Loaders, viewer: Viewer, insight: InsightRow) -> bool:
    return viewer.person_id == insight.user_id


async def _is_owner(_: Loaders, viewer: Viewer, publication: PublicationRow) -> bool:
    return viewer.person_id == publication.owner_id


async def _is_co_creator(loaders: Loaders, viewer: Viewer, publication: PublicationRow) -> bool:
    return viewer.person_id in {user.id for user in await loaders[CoCreators].load(publication.id)}


async def role_in(loaders: Loaders, viewer: Viewer, organization_id: int) -> Role | None:
    """None for strangers, and for a viewer whose token is for another organization."""
    if viewer.user_id is None or viewer.organization_id not in (None, organization_id):
        return None
    return (await loaders[RolesOfUser].load(viewer.user_id)).get(organization_id)


async def _is_admin(loaders: Loaders, viewer: Viewer, organization_id: int) -> bool:
    return await role_in(loaders, viewer, organization_id) in (Role.OWNER, Role.ADMIN)


async def _is_admin_of(loaders: Loaders, viewer: Viewer, organization: OrganizationRow) -> bool:
    """A viewer with a token for a workspace is not: that token is for less than the organization."""
    return viewer.workspace_id is None and await _is_admin(loaders, viewer, organization.id)


async def _is_admin_over(loaders: Loaders, viewer: Viewer, workspace: WorkspaceRow) -> bool:
    """A token for a workspace is good for that workspace alone."""
    return viewer.workspace_id in (None, workspace.id) and await _is_admin(
        loaders, viewer, workspace.organization_id
    )


async def _is_admin_over_asset(loaders: Loaders, viewer: Viewer, asset: AssetRow) -> bool:
    return viewer.workspace_id in (None, asset.workspace_id) and await _is_admin(
        loaders, viewer, asset.organization_id
    )


async def _is_member_within(loaders: Loaders, viewer: Viewer, organization: OrganizationRow) -> bool:
    """Whether the viewer has a token for one of its workspaces, and may enter that workspace."""
    if viewer.workspace_id is None:
        return False
    workspace = await loaders[WorkspaceById].load(viewer.workspace_id)
    return (
        workspace is not None
        and workspace.organization_id == organization.id
        and await may_enter(loaders, viewer, workspace)
    )


async def _is_member_of(loaders: Loaders, viewer: Viewer, workspace: WorkspaceRow) -> bool:
    """A member needs a token for the workspace, and acts in that workspace alone."""
    return viewer.workspace_id == workspace.id and await may_enter(loaders, viewer, workspace)


async def _is_member_of_assets_workspace(loaders: Loaders, viewer: Viewer, asset: AssetRow) -> bool:
    workspace = await loaders[WorkspaceById].load(asset.workspace_id)
    return workspace is not None and await _is_member_of(loaders, viewer, workspace)


async def may_enter(loaders: Loaders, viewer: Viewer, workspace: WorkspaceRow) -> bool:
    """Whether the viewer may know of the workspace, and get a token for it."""
    if viewer.workspace_id not in (None, workspace.id):
        return False
    role = await role_in(loaders, viewer, workspace.organization_id)
    if role is None or viewer.user_id is None:
        return False
    return role is not Role.MEMBER or workspace.id in await loaders[WorkspacesOfUser].load(viewer.user_id)


_RULES: dict[tuple[Access, type], Callable[[Loaders, Viewer, Any], Awaitable[bool]]] = {
    (Access.SELF, UserRow): _is_self,
    (Access.SELF, InsightRow): _is_about_self,
    (Access.OWNER, PublicationRow): _is_owner,
    (Access.CO_CREATOR, PublicationRow): _is_co_creator,
    (Access.ORGANIZATION_ADMIN, OrganizationRow): _is_admin_of,
    (Access.ORGANIZATION_ADMIN, WorkspaceRow): _is_admin_over,
    (Access.ORGANIZATION_ADMIN, AssetRow): _is_admin_over_asset,
    (Access.WORKSPACE_MEMBER, OrganizationRow): _is_member_within,
    (Access.WORKSPACE_MEMBER, WorkspaceRow): _is_member_of,
    (Access.WORKSPACE_MEMBER, AssetRow): _is_member_of_assets_workspace,
}


class _Reads(NamedTuple):
    loader: type[Loader[Any, Any]]
    key: Callable[[Any], Any]


_READS: dict[tuple[Access, type], _Reads] = {
    (Access.CO_CREATOR, PublicationRow): _Reads(CoCreators, lambda publication: publication.id),
    (Access.WORKSPACE_MEMBER, AssetRow): _Reads(WorkspaceById, lambda asset: asset.workspace_id),
}
"""What a rule asks for with a key of each row, and not of the viewer alone."""
