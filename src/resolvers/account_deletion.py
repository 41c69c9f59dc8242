"""Deletes an account, with what its person owns. What the person did elsewhere goes in the background."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from base.errors import Conflict
from base.ids import Kind, global_id
from ingest.deletions.tombstones import (
    Doomed,
    bury_organization,
    bury_publications,
    bury_user,
    lock_tenants,
    require_there,
)
from loaders.people import UserById, UserRow
from models import DeletedKind, Membership, Organization, Publication, Role
from resolvers.context import Context
from resolvers.passwords import own_account, require_person
from resolvers.settled_sign_ins import require_settled_sign_in
from resolvers.signing_in import leave


async def delete_account(context: Context, password: str | None, *, deletes_publications: bool) -> str:
    """Deletes the viewer's own, and returns its global id. It needs the password; an account without one has
    to sign in again, by something that is no newer than a day.
    """
    user_id = context.viewer.required_user_id()
    account = await own_account(context)
    if account.password_hash is None:
        await require_settled_sign_in(context, account)
    else:
        await require_person(context, account, password)
    user = await context.loaders[UserById].load(user_id)
    assert user is not None
    await bury_account(context, user, deletes_publications=deletes_publications)
    leave(context, "You have deleted your account.")
    return global_id(Kind.USER, user.public_id)


class _Owned(NamedTuple):
    publications: dict[int, str]
    """Their custom URLs by their ids."""
    organizations: list[Doomed]
    """Those in which nobody else is."""


async def bury_account(context: Context, user: UserRow, *, deletes_publications: bool) -> Doomed:
    """Raises CONFLICT if the person has something that others need first."""
    doomed = Doomed(DeletedKind.ACCOUNT, user.id, user.public_id, user.tenant_id)
    async with context.writing() as session:
        # Tenants are locked first. Meanwhile somebody may join.
        known = await _organizations_alone(session, user.id)
        await lock_tenants(session, [user.tenant_id, *(one.tenant_id for one in known)], context.now)
        await require_there(session, doomed)
        alone = await _organizations_alone(session, user.id, locks=True)
        if alone != known:
            raise Conflict("Somebody joined or left an organization of yours just now. Try again.")
        owned = _Owned(await _publications(session, user.id), alone)
        if owned.publications and not deletes_publications:
            raise Conflict(
                f"The account owns {len(owned.publications):,} publications, which are deleted with it. Say "
                "`deletePublications: true`, or delete them first.",
                reason="OWNS_PUBLICATIONS",
            )
        free_from = context.now + timedelta(days=context.limits.former_url_days)
        await bury_publications(session, owned.publications, context.now, free_from)
        for organization in owned.organizations:
            await bury_organization(session, organization, context.now)
        await bury_user(session, doomed, context.now)
        # Nothing says any more who it was.
        nobody = context.actor._replace(user_id=None, key_digest=None)
        await record(session, nobody, Act.ACCOUNT_DELETED, None)
    return doomed


async def _publications(session: AsyncSession, user_id: int) -> dict[int, str]:
    statement = select(col(Publication.id), col(Publication.custom_url)).where(
        col(Publication.owner_id) == user_id, col(Publication.deleted_at).is_(None)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def _organizations_alone(session: AsyncSession, user_id: int, *, locks: bool = False) -> list[Doomed]:
    """The organizations that nobody else is a member of. Raises CONFLICT if one would be left without an
    owner.

    `locks`: as whoever leaves one does. If two owners leave at once, the second waits here.
    """
    own = select(col(Membership.organization_id)).where(
        col(Membership.user_id) == user_id, col(Membership.role) == Role.OWNER
    )
    statement = select(Organization).where(col(Organization.id).in_(own)).order_by(col(Organization.id))
    alone: list[Doomed] = []
    if locks:
        statement = statement.with_for_update(key_share=True)
    for organization in await session.scalars(statement):
        others = await _other_roles(session, organization.id, user_id)
        if not others:
            doomed = Doomed(
                DeletedKind.ORGANIZATION, organization.id, organization.public_id, organization.tenant_id
            )
            alone.append(doomed)
        elif Role.OWNER not in others:
            raise Conflict(
                f"{organization.name} needs another owner first: make another member one, or delete it.",
                reason="LAST_OWNER",
            )
    return alone


async def _other_roles(session: AsyncSession, organization_id: int, user_id: int) -> Sequence[int]:
    roles = select(col(Membership.role)).where(
        col(Membership.organization_id) == organization_id, col(Membership.user_id) != user_id
    )
    return (await session.scalars(roles.distinct())).all()
