"""Who may see what. Only this module decides it."""

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
from loaders.publications import CoCreatorKey, IsCoCreator, PublicationRow
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
        raise Unauthenticated(viewer.refusal or "Sign in to see this.")
    if not await holds_any(loaders, viewer, relations, row):
        raise Forbidden(f"Only for {named(relations)}.")


async def refusals(
    loaders: Loaders, viewer: Viewer, relations: Sequence[Access], rows: Sequence[Any]
) -> list[ExpectedError | None]:
    """For each row what `require` raises; None where it raises nothing. Each loader is asked for all of them
    at once.
    """
    if viewer.user_id is not None:
        await _prime(loaders, viewer, relations, rows)
    return [await _refusal(loaders, viewer, relations, row) for row in rows]


async def _refusal(
    loaders: Loaders, viewer: Viewer, relations: Sequence[Access], row: Any
) -> ExpectedError | None:
    try:
        await require(loaders, viewer, relations, row)
    except ExpectedError as error:
        return error
    return None


async def _prime(loaders: Loaders, viewer: Viewer, relations: Sequence[Access], rows: Sequence[Any]) -> None:
    """Loads what `require` will ask for, of all rows that have not any relation before."""
    rest = rows
    for relation in relations:
        if reads := _READS.get((relation, type(rest[0]))) if rest else None:
            keys = {reads.key(viewer, row) for row in rest} - {None}
            await loaders[reads.loader].load_many(keys)
        rest = [row for row in rest if not await _holds(loaders, viewer, relation, row)]


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
    key = _co_creator_key(viewer, publication)
    return key is not None and await loaders[IsCoCreator].load(key)


def _co_creator_key(viewer: Viewer, publication: PublicationRow) -> CoCreatorKey | None:
    person_id = viewer.person_id
    return None if person_id is None else CoCreatorKey(publication.id, person_id)


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
    key: Callable[[Viewer, Any], Any]
    """None where it is not asked."""


_READS: dict[tuple[Access, type], _Reads] = {
    (Access.CO_CREATOR, PublicationRow): _Reads(IsCoCreator, _co_creator_key),
    (Access.WORKSPACE_MEMBER, AssetRow): _Reads(WorkspaceById, lambda _, asset: asset.workspace_id),
}
"""What a rule asks for with a key of each row, and not of the viewer alone."""


def loaders_of(relations: Sequence[Access], row: type) -> set[type[Loader[Any, Any]]]:
    """Those that the rules for rows of this type ask with a key of each row."""
    return {_READS[relation, row].loader for relation in relations if (relation, row) in _READS}
