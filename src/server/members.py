"""Members and co-creators, as operators add and remove them on the command line: at once, without asking."""

from collections.abc import Sequence

from base.errors import Conflict
from base.ids import Kind
from loaders.organizations import (
    OrganizationByLegacyId,
    OrganizationByPublicId,
    OrganizationRow,
    WorkspaceByPublicId,
)
from loaders.publications import PublicationByUrl, PublicationRow
from models import Role
from resolvers import co_creators
from resolvers.context import Context
from resolvers.ids import find, find_publication, no_such
from resolvers.memberships import (
    add_membership,
    add_to_workspaces,
    end_membership,
    lock_organization,
    set_role,
)
from resolvers.sent_invitations import forget_to_co_creator, forget_to_member
from server.accounts import user_id_of


async def add_member(
    context: Context, organization: str, email: str, role: Role, workspaces: Sequence[str]
) -> None:
    """The workspaces are named by their global ids. Who is a member already may enter them from now on, and
    gets no other role. Raises NOT_FOUND, and CONFLICT for a member if no workspace is named.
    """
    row, user_id = await _organization(context, organization), await user_id_of(context, email)
    entered = [await _workspace_id(context, row, id) for id in dict.fromkeys(workspaces)]
    async with context.writing() as session:
        await lock_organization(session, row.id)
        is_new = await add_membership(session, row.id, user_id, role, context.now)
        if not is_new and not entered:
            raise Conflict("The account is a member already: `viewgraph member role` changes its role.")
        await add_to_workspaces(session, entered, user_id, context.now)
        await forget_to_member(session, row.id, user_id)


async def change_role(context: Context, organization: str, email: str, role: Role) -> None:
    """Raises NOT_FOUND, and CONFLICT if no owner would be left."""
    row, user_id = await _organization(context, organization), await user_id_of(context, email)
    async with context.writing() as session:
        await set_role(session, row.id, user_id, role)


async def remove_member(context: Context, organization: str, email: str) -> None:
    """Raises NOT_FOUND, and CONFLICT if no owner would be left."""
    row, user_id = await _organization(context, organization), await user_id_of(context, email)
    async with context.writing() as session:
        await end_membership(session, row.id, user_id)


async def add_co_creator(context: Context, publication: str, email: str) -> None:
    """Raises NOT_FOUND, and CONFLICT for the owner and for a co-creator."""
    row, user_id = await _publication(context, publication), await user_id_of(context, email)
    if user_id == row.owner_id:
        raise Conflict("The account owns this publication.")
    async with context.writing() as session:
        if not await co_creators.add_co_creator(session, row.id, user_id, context.now):
            raise Conflict("The account is a co-creator already.")
        await forget_to_co_creator(session, row.id, user_id)


async def _organization(context: Context, id: str) -> OrganizationRow:
    loaders = context.loaders
    return await find(
        Kind.ORGANIZATION, id, loaders[OrganizationByPublicId].load, loaders[OrganizationByLegacyId].load
    )


async def _workspace_id(context: Context, organization: OrganizationRow, id: str) -> int:
    row = await find(Kind.WORKSPACE, id, context.loaders[WorkspaceByPublicId].load)
    if row.organization_id != organization.id:
        raise no_such(Kind.WORKSPACE)
    return row.id


async def _publication(context: Context, named: str) -> PublicationRow:
    """By its custom URL, or by an id."""
    return await context.loaders[PublicationByUrl].load(named) or await find_publication(context, named)
