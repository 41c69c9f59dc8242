"""Makes and changes publications."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TypedDict

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, Change, record
from auth.access import Access, require
from base.ids import Kind, global_id, uuid7
from figures.engagement import PublicFigure
from ingest.row_totals import add_experiences
from loaders.publications import (
    ExperienceByPublicId,
    ExperienceRow,
    PublicationByFormerUrl,
    PublicationById,
    PublicationByUrl,
    PublicationRow,
)
from models import Experience, ExperienceType, Publication, User
from resolvers.changes import Checks, checked_changes
from resolvers.context import Context
from resolvers.custom_urls import keep_url, take_url, taken
from resolvers.ids import find_publication, no_such
from resolvers.makers import as_written, refresh_for_makers, require_maker
from resolvers.quotas import require_within_quota
from resolvers.shared_figures import stored
from resolvers.text_arguments import custom_url as checked_custom_url
from resolvers.text_arguments import required_text

_LONGEST_NAME = 200


async def publication_by_url(context: Context, url: str) -> PublicationRow:
    """By the URL that it has, or had until a while ago."""
    row = await context.loaders[PublicationByUrl].load(url)
    if row is None:
        row = await context.loaders[PublicationByFormerUrl].load(url)
    if row is None:
        raise no_such(Kind.PUBLICATION)
    return row


async def create_publication(
    context: Context, *, name: str, custom_url: str, allow_bookings: bool
) -> PublicationRow:
    owner_id = context.viewer.required_user_id()
    publication = Publication(
        public_id=uuid7(context.now),
        owner_id=owner_id,
        name=required_text(name, "name", longest=_LONGEST_NAME),
        custom_url=checked_custom_url(custom_url),
        allow_bookings=allow_bookings,
        created_at=context.now,
    )
    owned = select(col(Publication.id)).where(
        col(Publication.owner_id) == owner_id, col(Publication.deleted_at).is_(None)
    )
    async with context.writing() as session:
        most = context.limits.quotas.publications
        await require_within_quota(session, User, owner_id, owned, most, "publications of yours")
        session.add(publication)
        try:
            await session.flush()
        except IntegrityError:
            raise taken(custom_url) from None
        await take_url(session, publication.custom_url, publication.id, context.now)
        made = global_id(Kind.PUBLICATION, publication.public_id)
        await record(session, context.actor, Act.PUBLICATION_CREATED, made, publication=publication.id)
    return await as_written(context, PublicationById, publication.id)


class PublicationChanges(TypedDict, total=False):
    name: str | None
    custom_url: str | None
    allow_bookings: bool | None
    shared_figures: Sequence[PublicFigure] | None


_CHECKS: Checks = {
    "name": partial(required_text, argument="name", longest=_LONGEST_NAME),
    "custom_url": checked_custom_url,
    "shared_figures": stored,
}


async def update_publication(context: Context, id: str, changes: PublicationChanges) -> PublicationRow:
    """Only the owner may give `shared_figures`."""
    context.viewer.required_user_id()
    publication = await find_publication(context, id)
    await require_maker(context, publication)
    if "shared_figures" in changes:
        await require(context.loaders, context.viewer, [Access.OWNER], publication)
    given = checked_changes(changes, _CHECKS)
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        if given:
            try:
                await session.execute(
                    update(Publication).where(col(Publication.id) == publication.id).values(given)
                )
            except IntegrityError:
                raise taken(given["custom_url"]) from None
        await _move_url(context, session, publication, given.get("custom_url", publication.custom_url))
        if "shared_figures" in given:
            figures = Change(publication.shared_figures, given["shared_figures"])
            changed = global_id(Kind.PUBLICATION, publication.public_id)
            await record(
                session,
                context.actor,
                Act.FIGURES_SHARED,
                changed,
                publication=publication.id,
                figures=figures,
            )
    return await as_written(context, PublicationById, publication.id)


async def _move_url(
    context: Context, session: AsyncSession, publication: PublicationRow, custom_url: str
) -> None:
    if custom_url != publication.custom_url:
        await take_url(session, custom_url, publication.id, context.now)
        free_from = context.now + timedelta(days=context.limits.former_url_days)
        await keep_url(session, publication.custom_url, publication.id, free_from)


async def publish_experience(
    context: Context, publication_id: str, *, type: ExperienceType, title: str
) -> ExperienceRow:
    context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    await require_maker(context, publication)
    experience = Experience(
        public_id=uuid7(context.now),
        publication_id=publication.id,
        type=type,
        title=required_text(title, "title", longest=_LONGEST_NAME),
        published_at=context.now,
    )
    published = select(col(Experience.id)).where(col(Experience.publication_id) == publication.id)
    async with context.writing() as session:
        most = context.limits.quotas.experiences
        await require_within_quota(session, Publication, publication.id, published, most, "experiences of it")
        await refresh_for_makers(context, session, publication)
        session.add(experience)
        await add_experiences(session, {(publication.id, type): 1})
    return await as_written(context, ExperienceByPublicId, experience.public_id)
