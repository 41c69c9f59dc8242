"""What people do with a publication. Each is an event, counted in the transaction that stores it."""

from sqlalchemy import delete, select
from sqlmodel import col

from audit import Act, record
from base.errors import Forbidden
from base.ids import Kind, uuid7
from database import insert_into
from ingest.store import store
from loaders.publications import CommentByPublicId, CommentRow, PublicationById, PublicationRow
from models import Action, Bookmark, Comment, Like, User
from resolvers.context import Context
from resolvers.ids import find, find_publication
from resolvers.makers import as_written, event_on, is_maker, refresh_for_makers
from resolvers.quotas import require_within_quota
from resolvers.text_arguments import required_text

_LONGEST_COMMENT = 5000


async def like(context: Context, publication_id: str) -> PublicationRow:
    return await _mark(context, publication_id, Like, Action.LIKE)


async def unlike(context: Context, publication_id: str) -> PublicationRow:
    return await _unmark(context, publication_id, Like, Action.UNLIKE)


async def bookmark(context: Context, publication_id: str) -> PublicationRow:
    return await _mark(context, publication_id, Bookmark, Action.BOOKMARK)


async def unbookmark(context: Context, publication_id: str) -> PublicationRow:
    return await _unmark(context, publication_id, Bookmark, Action.UNBOOKMARK)


async def _mark(
    context: Context, publication_id: str, mark: type[Like] | type[Bookmark], action: Action
) -> PublicationRow:
    """A second time changes nothing."""
    user_id = context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    row = {"publication_id": publication.id, "user_id": user_id, "created_at": context.now}
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        statement = insert_into(session, mark).values(row).on_conflict_do_nothing()
        if (await session.execute(statement.returning(col(mark.user_id)))).all():
            await store(session, [event_on(context, publication, action, context.now)])
    return await as_written(context, PublicationById, publication.id)


async def _unmark(
    context: Context, publication_id: str, mark: type[Like] | type[Bookmark], action: Action
) -> PublicationRow:
    user_id = context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        statement = delete(mark).where(
            col(mark.publication_id) == publication.id, col(mark.user_id) == user_id
        )
        for (marked_at,) in await session.execute(statement.returning(col(mark.created_at))):
            await store(session, [event_on(context, publication, action, marked_at)])
    return await as_written(context, PublicationById, publication.id)


async def share(context: Context, publication_id: str) -> PublicationRow:
    context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        await store(session, [event_on(context, publication, Action.SHARE, context.now)])
    return await as_written(context, PublicationById, publication.id)


async def comment(context: Context, publication_id: str, body: str) -> CommentRow:
    author_id = context.viewer.required_user_id()
    publication = await find_publication(context, publication_id)
    written = Comment(
        public_id=uuid7(context.now),
        publication_id=publication.id,
        author_id=author_id,
        body=required_text(body, "body", longest=_LONGEST_COMMENT),
        created_at=context.now,
    )
    own = select(col(Comment.id)).where(
        col(Comment.author_id) == author_id, col(Comment.publication_id) == publication.id
    )
    async with context.writing() as session:
        most = context.limits.quotas.comments
        await require_within_quota(session, User, author_id, own, most, "comments of yours on it")
        await refresh_for_makers(context, session, publication)
        session.add(written)
        await session.flush()
        await store(session, [event_on(context, publication, Action.COMMENT, context.now)])
    return await as_written(context, CommentByPublicId, written.public_id)


async def delete_comment(context: Context, id: str) -> PublicationRow:
    """Its author may do so, and the makers of its publication."""
    user_id = context.viewer.required_user_id()
    written = await find(Kind.COMMENT, id, context.loaders[CommentByPublicId].load)
    publication = await context.loaders[PublicationById].load(written.publication_id)
    assert publication is not None
    if user_id != written.author_id and not await is_maker(context, publication):
        raise Forbidden("Only for the author of the comment and the makers of the publication.")
    async with context.writing() as session:
        await refresh_for_makers(context, session, publication)
        statement = delete(Comment).where(col(Comment.id) == written.id).returning(col(Comment.id))
        if (await session.execute(statement)).all():
            taken_back = event_on(
                context, publication, Action.UNCOMMENT, written.created_at, written.author_id
            )
            await store(session, [taken_back])
            await record(session, context.actor, Act.COMMENT_DELETED, id, publication=publication.id)
    return await as_written(context, PublicationById, publication.id)
