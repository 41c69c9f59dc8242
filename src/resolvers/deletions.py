"""Deletes what the viewer has the say over. Nobody finds it from then on; its rows go in the background."""

from datetime import timedelta

from sqlalchemy import delete
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
from loaders.assets import AssetRow
from loaders.organizations import OrganizationRow, WorkspaceRow
from loaders.publications import ExperienceByPublicId, ExperienceRow, PublicationById, PublicationRow
from models import DeletedKind, Experience, Role
from resolvers.context import Context
from resolvers.ids import find, find_publication, no_such
from resolvers.makers import as_written, refresh_for_makers, require_maker
from resolvers.organizations import find_asset, find_organization, find_workspace


async def delete_publication(context: Context, id: str) -> None:
    """Its owner may do so."""
    context.viewer.required_user_id()
    publication = await find_publication(context, id)
    await require(context.loaders, context.viewer, [Access.OWNER], publication)
    await bury_publication(context, publication)


async def bury_publication(context: Context, row: PublicationRow) -> Doomed:
    doomed = Doomed(DeletedKind.PUBLICATION, row.id, row.public_id, row.tenant_id)
    async with context.writing() as session:
        await lock_tenants(session, [row.tenant_id], context.now)
        await require_there(session, doomed)
        free_from = context.now + timedelta(days=context.limits.former_url_days)
        await bury_publications(session, {row.id: row.custom_url}, context.now, free_from)
        await note(session, doomed, context.now)
        gone = global_id(Kind.PUBLICATION, row.public_id)
        await record(session, context.actor, Act.PUBLICATION_DELETED, gone, publication=row.id)
    return doomed


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


async def delete_asset(context: Context, id: str) -> None:
    """Owners and admins of its organization may do so."""
    context.viewer.required_user_id()
    asset = await find_asset(context, id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], asset)
    await bury_asset_row(context, asset)


async def bury_asset_row(context: Context, row: AssetRow) -> Doomed:
    doomed = Doomed(DeletedKind.ASSET, row.id, row.public_id, row.tenant_id)
    async with context.writing() as session:
        await lock_tenants(session, [row.tenant_id], context.now)
        await require_there(session, doomed)
        await bury_asset(session, doomed, context.now)
        gone = global_id(Kind.ASSET, row.public_id)
        await record(session, context.actor, Act.ASSET_DELETED, gone, organization=row.organization_id)
    return doomed


async def delete_workspace(context: Context, id: str) -> None:
    """The same, with its assets."""
    context.viewer.required_user_id()
    workspace = await find_workspace(context, id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], workspace)
    await bury_workspace_row(context, workspace)


async def bury_workspace_row(context: Context, row: WorkspaceRow) -> Doomed:
    doomed = Doomed(DeletedKind.WORKSPACE, row.id, row.public_id, row.tenant_id)
    async with context.writing() as session:
        await lock_tenants(session, [row.tenant_id], context.now)
        await require_there(session, doomed)
        await bury_workspace(session, doomed, context.now)
        gone = global_id(Kind.WORKSPACE, row.public_id)
        await record(session, context.actor, Act.WORKSPACE_DELETED, gone, organization=row.organization_id)
    return doomed


async def delete_organization(context: Context, id: str) -> None:
    """Its owners may do so."""
    context.viewer.required_user_id()
    organization = await find_organization(context, id)
    if await role_in(context.loaders, context.viewer, organization.id) is not Role.OWNER:
        raise Forbidden("Only for owners of the organization.")
    await bury_organization_row(context, organization)


async def bury_organization_row(context: Context, row: OrganizationRow) -> Doomed:
    doomed = Doomed(DeletedKind.ORGANIZATION, row.id, row.public_id, row.tenant_id)
    async with context.writing() as session:
        await lock_tenants(session, [row.tenant_id], context.now)
        await require_there(session, doomed)
        await bury_organization(session, doomed, context.now)
        gone = global_id(Kind.ORGANIZATION, row.public_id)
        await record(session, context.actor, Act.ORGANIZATION_DELETED, gone, organization=row.id)
    return doomed
