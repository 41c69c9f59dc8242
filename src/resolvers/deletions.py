"""Deletes what the viewer has the say over. Nobody finds it from then on; its rows go in the background."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.access import Access, require, role_in
from base.errors import Forbidden
from base.ids import Kind, global_id
from ingest.deletions.tombstones import (
    Doomed,
    bury_asset,
    bury_organization,
    bury_publications,
    bury_workspace,
    lock_tenants,
    note,
    require_there,
)
from ingest.row_totals import add_experiences
from loaders.publications import ExperienceByPublicId, ExperienceRow, PublicationById, PublicationRow
from models import DeletedKind, Experience, Role
from resolvers.context import Context
from resolvers.ids import find, find_publication, no_such
from resolvers.locked_roles import lock_organization, require_still_administers
from resolvers.makers import as_written, refresh_for_makers, require_maker
from resolvers.organizations import find_asset, find_organization, find_workspace


async def delete_publication(context: Context, id: str) -> None:
    """Its owner may do so."""
    context.viewer.required_user_id()
    publication = await find_publication(context, id)
    await require(context.loaders, context.viewer, [Access.OWNER], publication)
    await bury(context, DeletedKind.PUBLICATION, publication)


async def delete_asset(context: Context, id: str) -> None:
    """Owners and admins of its organization may do so."""
    context.viewer.required_user_id()
    asset = await find_asset(context, id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], asset)
    await bury(context, DeletedKind.ASSET, asset)


async def delete_workspace(context: Context, id: str) -> None:
    """The same, with its assets."""
    context.viewer.required_user_id()
    workspace = await find_workspace(context, id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], workspace)
    await bury(context, DeletedKind.WORKSPACE, workspace)


async def delete_organization(context: Context, id: str) -> None:
    """Its owners may do so."""
    context.viewer.required_user_id()
    organization = await find_organization(context, id)
    if await role_in(context.loaders, context.viewer, organization.id) is not Role.OWNER:
        raise Forbidden("Only for owners of the organization.")
    await bury(context, DeletedKind.ORGANIZATION, organization)


class _Burial(NamedTuple):
    """How a kind of row is deleted, and who is told of it."""

    id: Kind
    act: Act
    bury: Callable[[Context, AsyncSession, Doomed, Any], Awaitable[None]]
    told: Callable[[Any], Mapping[str, int]]
    """The organization whose admins see it in the audit trail, or the publication whose owner does."""
    named: tuple[Role, ...] = ()
    """Of roles in the organization: whoever may name these may do so."""


async def bury(context: Context, kind: DeletedKind, row: Any) -> Doomed:
    """Raises NOT_FOUND if it is deleted already, and FORBIDDEN if the viewer is no longer an admin of the
    organization. An operator needs nobody's leave.
    """
    burial = _BURIALS[kind]
    doomed, told = Doomed(kind, row.id, row.public_id, row.tenant_id), burial.told(row)
    async with context.writing() as session:
        await lock_tenants(session, [row.tenant_id], context.now)
        if "organization" in told and context.command is None:
            await lock_organization(session, told["organization"])
            await require_still_administers(context, session, told["organization"], *burial.named)
        await require_there(session, doomed)
        await burial.bury(context, session, doomed, row)
        await record(session, context.actor, burial.act, global_id(burial.id, row.public_id), **told)
    return doomed


async def _bury_publication(
    context: Context, session: AsyncSession, doomed: Doomed, row: PublicationRow
) -> None:
    free_from = context.now + timedelta(days=context.limits.former_url_days)
    await bury_publications(session, {row.id: row.custom_url}, context.now, free_from)
    await note(session, doomed, context.now)


def _by(
    bury: Callable[[AsyncSession, Doomed, datetime], Awaitable[None]],
) -> Callable[[Context, AsyncSession, Doomed, Any], Awaitable[None]]:
    return lambda context, session, doomed, _: bury(session, doomed, context.now)


_BURIALS: Final[Mapping[DeletedKind, _Burial]] = {
    DeletedKind.PUBLICATION: _Burial(
        Kind.PUBLICATION, Act.PUBLICATION_DELETED, _bury_publication, lambda row: {"publication": row.id}
    ),
    DeletedKind.ASSET: _Burial(
        Kind.ASSET,
        Act.ASSET_DELETED,
        _by(bury_asset),
        lambda row: {"organization": row.organization_id},
    ),
    DeletedKind.WORKSPACE: _Burial(
        Kind.WORKSPACE,
        Act.WORKSPACE_DELETED,
        _by(bury_workspace),
        lambda row: {"organization": row.organization_id},
    ),
    DeletedKind.ORGANIZATION: _Burial(
        Kind.ORGANIZATION,
        Act.ORGANIZATION_DELETED,
        _by(bury_organization),
        lambda row: {"organization": row.id},
        named=(Role.OWNER,),
    ),
}


async def delete_experience(context: Context, id: str) -> PublicationRow:
    """The makers of its publication may do so."""
    context.viewer.required_user_id()
    experience = await find(Kind.EXPERIENCE, id, context.loaders[ExperienceByPublicId].load)
    publication = await context.loaders[PublicationById].load(experience.publication_id)
    if publication is None:
        raise no_such(Kind.EXPERIENCE)
    await require_maker(context, publication)
    return await drop_experience(context, experience, publication)


async def drop_experience(
    context: Context, experience: ExperienceRow, publication: PublicationRow
) -> PublicationRow:
    """Nothing is counted for an experience, so it goes at once."""
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        statement = delete(Experience).where(col(Experience.id) == experience.id)
        if (await session.execute(statement.returning(col(Experience.id)))).all():
            await add_experiences(session, {(publication.id, experience.type): -1})
            gone = global_id(Kind.EXPERIENCE, experience.public_id)
            await record(session, context.actor, Act.EXPERIENCE_DELETED, gone, publication=publication.id)
    return await as_written(context, PublicationById, publication.id)
