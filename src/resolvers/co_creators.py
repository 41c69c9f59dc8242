"""Co-creators: the users who make a publication together with its owner."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.access import Access, require
from base.errors import BadUserInput, Forbidden, NotFound
from base.ids import Kind, global_id
from database import insert_into
from ingest.publication_revisions import raise_revision
from ingest.topics import Topic, touch
from loaders.people import UserById, UserRow
from loaders.publications import PublicationById, PublicationRow
from models import CoCreator, Publication, SubjectKind
from resolvers.context import Context
from resolvers.ids import find_publication, find_user, no_such
from resolvers.makers import as_written, refresh_for_makers

MOST_CO_CREATORS = 100


async def add_co_creator(session: AsyncSession, publication_id: int, user_id: int, now: datetime) -> bool:
    """Returns False if the user is one already. Raises BAD_USER_INPUT if there are too many."""
    await raise_revision(session, col(Publication.id) == publication_id)
    touch(session, Topic(SubjectKind.PUBLICATION, publication_id))
    await require_room(session, publication_id)
    row = {"publication_id": publication_id, "user_id": user_id, "created_at": now}
    statement = insert_into(session, CoCreator).values(row).on_conflict_do_nothing()
    return bool((await session.execute(statement.returning(col(CoCreator.user_id)))).all())


async def lock_publication(session: AsyncSession, publication_id: int) -> None:
    """Whoever changes its co-creators, or deletes it, waits. Its owner never changes. Raises NOT_FOUND if it
    was deleted meanwhile.
    """
    its = (col(Publication.id) == publication_id, col(Publication.deleted_at).is_(None))
    locked = select(col(Publication.id)).where(*its).with_for_update(key_share=True)
    if await session.scalar(locked) is None:
        raise no_such(Kind.PUBLICATION)


async def co_creates(session: AsyncSession, publication_id: int, user_id: int) -> bool:
    its = (col(CoCreator.publication_id) == publication_id, col(CoCreator.user_id) == user_id)
    return await session.scalar(select(col(CoCreator.user_id)).where(*its)) is not None


async def require_room(session: AsyncSession, publication_id: int) -> None:
    counted = select(func.count()).where(col(CoCreator.publication_id) == publication_id)
    if (await session.execute(counted)).scalar_one() >= MOST_CO_CREATORS:
        raise BadUserInput(
            f"A publication has {MOST_CO_CREATORS} co-creators at most.",
            argument="userId",
            reason="TOO_MANY",
        )


async def remove_co_creator(context: Context, publication_id: str, user_id: str) -> PublicationRow:
    """The owner may do so, and co-creators may remove themselves."""
    viewer_id = context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    user = await find_user(context, user_id)
    if user.id != viewer_id:
        await require(context.loaders, context.viewer, [Access.OWNER], publication)
    return await _remove(context, publication, user)


async def leave_publication(context: Context, publication_id: str) -> PublicationRow:
    user = await as_written(context, UserById, context.viewer.required_user_id())
    publication = await find_publication(context, publication_id)
    if publication.owner_id == user.id:
        raise Forbidden("The owner cannot leave a publication. Delete it if nobody should have it any more.")
    return await _remove(context, publication, user)


async def _remove(context: Context, publication: PublicationRow, user: UserRow) -> PublicationRow:
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        statement = delete(CoCreator).where(
            col(CoCreator.publication_id) == publication.id, col(CoCreator.user_id) == user.id
        )
        if not (await session.execute(statement.returning(col(CoCreator.user_id)))).all():
            raise NotFound(f"{user.username} is no co-creator of this publication.")
        removed = global_id(Kind.USER, user.public_id)
        await record(session, context.actor, Act.CO_CREATOR_REMOVED, removed, publication=publication.id)
    return await as_written(context, PublicationById, publication.id)
