"""Who may see what. Only this module decides it."""

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any, TypeAlias

from auth.viewer import TokenScope, Viewer
from base.errors import ExpectedError, Forbidden, Unauthenticated
from database import made_of
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

    __hash__ = object.__hash__
    """That of enums is a function in Python, and each field asks for it several times."""


async def require(loaders: Loaders, viewer: Viewer, relations: Sequence[Access], row: Any) -> None:
    """Raises UNAUTHENTICATED or FORBIDDEN unless the viewer holds one of the relations to the row."""
    if viewer.user_id is None:
        raise _unauthenticated(viewer)
    if not await holds_any(loaders, viewer, relations, row):
        raise _forbidden(relations)


async def refusals(
    loaders: Loaders, viewer: Viewer, relations: Sequence[Access], rows: Sequence[Any]
) -> list[ExpectedError | None]:
    """For each row what `require` raises; None where it raises nothing. The rows are of one type, and each
    loader is asked for all of them at once.
    """
    if viewer.user_id is None:
        return [_unauthenticated(viewer) for _ in rows]
    refused = set(await _without(loaders, viewer, relations, rows))
    if not refused:
        return [None] * len(rows)
    return [_forbidden(relations) if number in refused else None for number in range(len(rows))]


def refusals_at_once(
    loaders: Loaders, viewer: Viewer, relations: Sequence[Access], rows: Sequence[Any]
) -> list[ExpectedError | None] | None:
    """The same if nothing has to be read. None otherwise."""
    if not _AT_ONCE.issuperset(relations):
        return None
    asking = refusals(loaders, viewer, relations, rows)
    try:
        asking.send(None)
    except StopIteration as ended:
        found: list[ExpectedError | None] = ended.value
        return found
    asking.close()
    return None


async def _without(
    loaders: Loaders, viewer: Viewer, relations: Sequence[Access], rows: Sequence[Any]
) -> list[int]:
    """The places of the rows to which the viewer has none of the relations."""
    rest = list(range(len(rows)))
    for relation in relations:
        if not rest or relation is Access.AUTHENTICATED:
            return []
        rule = _RULES[relation, type(rows[0])]
        held = await rule(loaders, viewer, [rows[number] for number in rest])
        rest = [] if all(held) else [one for one, is_held in zip(rest, held, strict=True) if not is_held]
    return rest


def _unauthenticated(viewer: Viewer) -> ExpectedError:
    return Unauthenticated(viewer.refusal or "Sign in to see this.")


def _forbidden(relations: Sequence[Access]) -> ExpectedError:
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
    return viewer.user_id is not None and not await _without(loaders, viewer, relations, [row])


async def _are_self(_: Loaders, viewer: Viewer, users: Sequence[UserRow]) -> list[bool]:
    person_id = viewer.person_id
    return [person_id == user.id for user in users]


async def _are_about_self(_: Loaders, viewer: Viewer, insights: Sequence[InsightRow]) -> list[bool]:
    person_id = viewer.person_id
    return [person_id == insight.user_id for insight in insights]


async def _are_owner(_: Loaders, viewer: Viewer, publications: Sequence[PublicationRow]) -> list[bool]:
    person_id = viewer.person_id
    return [person_id == publication.owner_id for publication in publications]


async def _are_co_creator(
    loaders: Loaders, viewer: Viewer, publications: Sequence[PublicationRow]
) -> list[bool]:
    person_id = viewer.person_id
    if person_id is None:
        return [False] * len(publications)
    ids = [publication.id for publication in publications]
    return await loaders[IsCoCreator].in_order(made_of(CoCreatorKey, [ids, [person_id] * len(ids)]))


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


async def _are_member_of_assets_workspaces(
    loaders: Loaders, viewer: Viewer, assets: Sequence[AssetRow]
) -> list[bool]:
    workspaces = await loaders[WorkspaceById].in_order([asset.workspace_id for asset in assets])
    return [
        workspace is not None and await _is_member_of(loaders, viewer, workspace) for workspace in workspaces
    ]


async def may_enter(loaders: Loaders, viewer: Viewer, workspace: WorkspaceRow) -> bool:
    """Whether the viewer may know of the workspace, and get a token for it."""
    if viewer.workspace_id not in (None, workspace.id):
        return False
    role = await role_in(loaders, viewer, workspace.organization_id)
    if role is None or viewer.user_id is None:
        return False
    return role is not Role.MEMBER or workspace.id in await loaders[WorkspacesOfUser].load(viewer.user_id)


_Rule: TypeAlias = Callable[[Loaders, Viewer, Sequence[Any]], Awaitable[list[bool]]]


def _each(rule: Callable[[Loaders, Viewer, Any], Awaitable[bool]]) -> _Rule:
    """For a rule that asks only by keys of the viewer."""

    async def held(loaders: Loaders, viewer: Viewer, rows: Sequence[Any]) -> list[bool]:
        return [await rule(loaders, viewer, row) for row in rows]

    return held


_RULES: dict[tuple[Access, type], _Rule] = {
    (Access.SELF, UserRow): _are_self,
    (Access.SELF, InsightRow): _are_about_self,
    (Access.OWNER, PublicationRow): _are_owner,
    (Access.CO_CREATOR, PublicationRow): _are_co_creator,
    (Access.ORGANIZATION_ADMIN, OrganizationRow): _each(_is_admin_of),
    (Access.ORGANIZATION_ADMIN, WorkspaceRow): _each(_is_admin_over),
    (Access.ORGANIZATION_ADMIN, AssetRow): _each(_is_admin_over_asset),
    (Access.WORKSPACE_MEMBER, OrganizationRow): _each(_is_member_within),
    (Access.WORKSPACE_MEMBER, WorkspaceRow): _each(_is_member_of),
    (Access.WORKSPACE_MEMBER, AssetRow): _are_member_of_assets_workspaces,
}
"""Whether the viewer has the relation to each row."""
_READS: dict[tuple[Access, type], type[Loader[Any, Any]]] = {
    (Access.CO_CREATOR, PublicationRow): IsCoCreator,
    (Access.WORKSPACE_MEMBER, AssetRow): WorkspaceById,
}
"""What a rule asks for with a key of each row, and not of the viewer alone."""


_AT_ONCE = frozenset({Access.AUTHENTICATED, Access.SELF, Access.OWNER, Access.CO_CREATOR})
"""Relations whose rules wait for nothing that is known already, and ask for many rows at once."""


def loaders_of(relations: Sequence[Access], row: type) -> set[type[Loader[Any, Any]]]:
    """Those that the rules for rows of this type ask with a key of each row."""
    return {_READS[relation, row] for relation in relations if (relation, row) in _READS}
