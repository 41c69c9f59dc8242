"""Users, and who follows whom."""

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.errors import BadUserInput
from base.ids import Kind
from database import insert_into
from loaders.people import UserRow
from models import Follow, Publication
from resolvers.context import Context
from resolvers.ids import find_user, no_such


async def viewer(context: Context) -> UserRow | None:
    """None when anonymous. Raises UNAUTHENTICATED for a token that was sent and does not count."""
    if context.viewer.user_id is None and context.viewer.refusal is None:
        return None
    return await context.loaders.user.load(context.viewer.required_user_id())


async def user_by_username(context: Context, username: str) -> UserRow:
    row = await context.loaders.user_by_username.load(username)
    if row is None:
        raise no_such(Kind.USER)
    return row


async def follow(context: Context, user_id: str) -> UserRow:
    """A second time changes nothing."""
    follower_id = context.viewer.required_user_id()
    followed = await find_user(context, user_id)
    if followed.id == follower_id:
        raise BadUserInput("Nobody follows themselves.", argument="userId", reason="ONESELF")
    row = {"follower_id": follower_id, "followed_id": followed.id, "created_at": context.now}
    async with context.writing() as session:
        await _refresh_own_publications(session, follower_id)
        await session.execute(insert_into(session, Follow).values(row).on_conflict_do_nothing())
    context.forget_loaded()
    return followed


async def unfollow(context: Context, user_id: str) -> UserRow:
    follower_id = context.viewer.required_user_id()
    followed = await find_user(context, user_id)
    async with context.writing() as session:
        await _refresh_own_publications(session, follower_id)
        await session.execute(
            delete(Follow).where(
                col(Follow.follower_id) == follower_id, col(Follow.followed_id) == followed.id
            )
        )
    context.forget_loaded()
    return followed


async def _refresh_own_publications(session: AsyncSession, user_id: int) -> None:
    """Their dashboards show whom their owner follows."""
    await session.execute(
        update(Publication)
        .where(col(Publication.owner_id) == user_id)
        .values(revision=Publication.revision + 1)
    )
