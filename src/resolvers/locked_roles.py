"""Roles as they are while an organization is locked. Rules are asked again by them before something is
written, because a role may have changed since it was read.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.errors import Forbidden
from base.ids import Kind
from models import Membership, Organization, Role
from resolvers.context import Context
from resolvers.ids import no_such


async def lock_organization(session: AsyncSession, organization_id: int) -> None:
    """If two owners leave at once, the second waits here, and then sees that no owner would be left. Whoever
    changes roles waits here.
    """
    await session.execute(
        select(col(Organization.id))
        .where(col(Organization.id) == organization_id)
        .with_for_update(key_share=True)
    )


async def locked_role(session: AsyncSession, organization_id: int, user_id: int) -> Role | None:
    """None for somebody who is no member."""
    its = (col(Membership.organization_id) == organization_id, col(Membership.user_id) == user_id)
    role = await session.scalar(select(col(Membership.role)).where(*its))
    return None if role is None else Role(role)


async def require_still_administers(
    context: Context, session: AsyncSession, organization_id: int, *named: Role | None
) -> None:
    """`named`: the roles that are given or taken. Raises NOT_FOUND for who is no member, and FORBIDDEN unless
    the viewer is an owner or an admin, and an owner if one of the roles is that of an owner.
    """
    own = await locked_role(session, organization_id, context.viewer.required_user_id())
    if own is None:
        raise no_such(Kind.ORGANIZATION)
    if own is Role.MEMBER:
        raise Forbidden("Only for owners and admins of the organization.")
    if Role.OWNER in named and own is not Role.OWNER:
        raise Forbidden("Only for owners of the organization.")
