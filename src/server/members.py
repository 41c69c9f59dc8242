"""Members and co-creators, as operators add and remove them on the command line: at once, without asking."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from audit import Act, record
from base.errors import Conflict
from base.ids import Kind, global_id
from loaders.organizations import (
    OrganizationByLegacyId,
    OrganizationByPublicId,
    OrganizationRow,
    WorkspaceByPublicId,
    WorkspaceRow,
)
from loaders.people import UserById, UserRow
from loaders.publications import PublicationByUrl, PublicationRow
from models import Role
from resolvers import co_creators
from resolvers.context import Context
from resolvers.ids import find, find_publication, no_such
from resolvers.locked_roles import lock_organization
from resolvers.makers import as_written
from resolvers.memberships import (
    add_membership,
    add_to_workspaces,
    end_membership,
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
    row, user = await _organization(context, organization), await _user(context, email)
    entered = [await _workspace(context, row, id) for id in dict.fromkeys(workspaces)]
    async with context.writing() as session:
        await lock_organization(session, row.id)
        is_new = await add_membership(session, row.id, user.id, role, context.now)
        if not is_new and not entered:
            raise Conflict("The account is a member already: `viewgraph member role` changes its role.")
        await add_to_workspaces(session, [one.id for one in entered], user.id, context.now)
        await forget_to_member(session, row.id, user.id)
        await _record_added(context, session, row, user, entered, role if is_new else None)


async def _record_added(
    context: Context,
    session: AsyncSession,
    organization: OrganizationRow,
    user: UserRow,
    entered: Sequence[WorkspaceRow],
    role: Role | None,
) -> None:
    """`role`: None for somebody who was a member before."""
    id, actor = global_id(Kind.USER, user.public_id), context.actor
    if role is not None:
        await record(
            session,
            actor,
            Act.MEMBER_ADDED,
            id,
            organization=organization.id,
            role=role.name,
            workspaces=len(entered),
        )
        return
    for row in entered:
        workspace = global_id(Kind.WORKSPACE, row.public_id)
        act = Act.WORKSPACE_MEMBER_ADDED
        await record(session, actor, act, id, organization=organization.id, workspace=workspace)


async def change_role(context: Context, organization: str, email: str, role: Role) -> None:
    """Raises NOT_FOUND, and CONFLICT if no owner would be left."""
    row, user = await _organization(context, organization), await _user(context, email)
    async with context.writing() as session:
        await set_role(context, session, row.id, user, role)


async def remove_member(context: Context, organization: str, email: str) -> None:
    """Raises NOT_FOUND, and CONFLICT if no owner would be left."""
    row, user = await _organization(context, organization), await _user(context, email)
    async with context.writing() as session:
        await end_membership(context, session, row.id, user)


async def add_co_creator(context: Context, publication: str, email: str) -> None:
    """Raises NOT_FOUND, and CONFLICT for the owner and for a co-creator."""
    row, user = await _publication(context, publication), await _user(context, email)
    if user.id == row.owner_id:
        raise Conflict("The account owns this publication.")
    async with context.writing() as session:
        if not await co_creators.add_co_creator(session, row.id, user.id, context.now):
            raise Conflict("The account is a co-creator already.")
        await forget_to_co_creator(session, row.id, user.id)
        added = global_id(Kind.USER, user.public_id)
        await record(session, context.actor, Act.CO_CREATOR_ADDED, added, publication=row.id)


async def _organization(context: Context, id: str) -> OrganizationRow:
    loaders = context.loaders
    return await find(
        Kind.ORGANIZATION, id, loaders[OrganizationByPublicId].load, loaders[OrganizationByLegacyId].load
    )


async def _user(context: Context, email: str) -> UserRow:
    return await as_written(context, UserById, await user_id_of(context, email))


async def _workspace(context: Context, organization: OrganizationRow, id: str) -> WorkspaceRow:
    row = await find(Kind.WORKSPACE, id, context.loaders[WorkspaceByPublicId].load)
    if row.organization_id != organization.id:
        raise no_such(Kind.WORKSPACE)
    return row


async def _publication(context: Context, named: str) -> PublicationRow:
    """By its custom URL, or by an id."""
    return await context.loaders[PublicationByUrl].load(named) or await find_publication(context, named)
