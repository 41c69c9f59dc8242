"""Who makes a publication, and what its makers see after they change it."""

from asyncio import gather
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.access import Access, holds_any, require
from base.errors import NotFound
from base.ids import uuid7
from ingest.events import NewEvent
from ingest.publication_revisions import raise_revision
from ingest.topics import Topic, touch
from loaders.base import RowLoader
from loaders.publications import PublicationRow
from models import Action, Publication, SubjectKind
from resolvers.context import Context

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

MAKERS = (Access.OWNER, Access.CO_CREATOR)


async def require_maker(context: Context, publication: PublicationRow) -> None:
    await require(context.loaders, context.viewer, MAKERS, publication)


async def is_maker(context: Context, publication: PublicationRow) -> bool:
    return await holds_any(context.loaders, context.viewer, MAKERS, publication)


async def made_by_viewer(context: Context, publications: Sequence[PublicationRow]) -> list[PublicationRow]:
    """The publications that the viewer makes, read by one statement for all."""
    made = await gather(*(is_maker(context, row) for row in publications))
    return [row for row, is_made in zip(publications, made, strict=True) if is_made]


async def refresh_for_makers(context: Context, session: AsyncSession, *publications: PublicationRow) -> None:
    """Raises the revision of the publications that the viewer makes, so that kept figures are no longer
    used. Wakes the subscriptions of all of them."""
    touch(session, *(Topic(SubjectKind.PUBLICATION, row.id) for row in publications))
    made = [row.id for row in await made_by_viewer(context, publications)]
    if made:
        await raise_revision(session, col(Publication.id).in_(made))


def event_on(
    context: Context, publication: PublicationRow, action: Action, at: datetime, user_id: int | None = None
) -> NewEvent:
    """An event of the viewer, unless another user is named."""
    return NewEvent(
        publication.tenant_id,
        uuid7(context.now),
        publication.id,
        action,
        at,
        user_id=context.viewer.user_id if user_id is None else user_id,
    )


async def as_written(context: Context, loader: type[RowLoader[K, R]], key: K) -> R:
    """The row of something that was just written, as it is now."""
    row = await context.loaders[loader].load(key)
    if row is None:
        raise NotFound("It was deleted meanwhile.")
    return row
