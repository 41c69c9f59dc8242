"""Users, and who follows whom."""

from collections.abc import Collection
from functools import partial
from typing import Any, TypedDict

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.new_accounts import TAKEN
from base.errors import BadUserInput, Conflict
from base.ids import Kind, global_id
from base.names import stored_username, username_skeleton
from database import insert_into
from ingest.publication_revisions import raise_revision
from ingest.row_totals import add_follows
from ingest.topics import Topic, touch
from loaders.people import UserById, UserByUsername, UserRow
from models import CoCreator, Follow, Publication, SubjectKind, User
from resolvers.changes import Checks, checked_changes
from resolvers.context import Context
from resolvers.ids import find_user, no_such
from resolvers.makers import as_written
from resolvers.text_arguments import required_text

_LONGEST_NAME = 200


async def viewer(context: Context) -> UserRow | None:
    """None if nobody is signed in. Raises UNAUTHENTICATED for a token that is not valid."""
    if context.viewer.user_id is None and context.viewer.refusal is None:
        return None
    return await context.loaders[UserById].load(context.viewer.required_user_id())


async def user_by_username(context: Context, username: str) -> UserRow:
    """In whatever case and width it is written."""
    row = await context.loaders[UserByUsername].load(username)
    if row is None and (stored := _stored(username)) and stored != username:
        row = await context.loaders[UserByUsername].load(stored)
    if row is None:
        raise no_such(Kind.USER)
    return row


def _stored(username: str) -> str | None:
    """None for what is no name."""
    try:
        return stored_username(username)
    except BadUserInput:
        return None


class ViewerChanges(TypedDict, total=False):
    name: str | None
    username: str


_CHECKS: Checks = {
    "name": partial(required_text, argument="name", longest=_LONGEST_NAME),
    "username": stored_username,
}


async def update_viewer(context: Context, changes: ViewerChanges) -> UserRow:
    """Raises CONFLICT for a username that is taken, or looks like one."""
    user_id = context.viewer.required_user_id()
    columns = checked_changes(changes, _CHECKS, nullable=["name"])
    known = await as_written(context, UserById, user_id)
    if columns.get("username") == known.username:
        del columns["username"]
    async with context.writing() as session:
        await change_account(session, user_id, columns)
        for act in account_acts(columns):
            id = global_id(Kind.USER, known.public_id)
            await record(session, context.actor, act, id, account=user_id)
    return await as_written(context, UserById, user_id)


def account_acts(columns: Collection[str]) -> list[Act]:
    """What the audit trail tells of a change of these columns: the name is nobody's right."""
    acts = {"email": Act.EMAIL_CHANGED, "username": Act.USERNAME_CHANGED}
    return [act for name, act in acts.items() if name in columns]


async def change_account(session: AsyncSession, user_id: int, columns: dict[str, Any]) -> None:
    """The values are checked. Raises CONFLICT for an email or a username that is taken."""
    if "username" in columns:
        columns = {**columns, "username_skeleton": username_skeleton(columns["username"])}
    if columns:
        try:
            await session.execute(update(User).where(col(User.id) == user_id).values(columns))
        except IntegrityError:
            raise Conflict(TAKEN) from None


async def follow(context: Context, user_id: str) -> UserRow:
    """A second time changes nothing."""
    follower_id = context.viewer.required_user_id()
    followed = await find_user(context, user_id)
    if followed.id == follower_id:
        raise BadUserInput("Nobody follows themselves.", argument="userId", reason="ONESELF")
    row = {"follower_id": follower_id, "followed_id": followed.id, "created_at": context.now}
    async with context.writing() as session:
        await _refresh_made(session, follower_id, followed.id)
        statement = insert_into(session, Follow).values(row).on_conflict_do_nothing()
        if (await session.execute(statement.returning(col(Follow.followed_id)))).all():
            await add_follows(session, [(follower_id, followed.id)], 1)
        _touch_both(session, follower_id, followed.id)
    return followed


async def unfollow(context: Context, user_id: str) -> UserRow:
    follower_id = context.viewer.required_user_id()
    followed = await find_user(context, user_id)
    async with context.writing() as session:
        await _refresh_made(session, follower_id, followed.id)
        statement = delete(Follow).where(
            col(Follow.follower_id) == follower_id, col(Follow.followed_id) == followed.id
        )
        if (await session.execute(statement.returning(col(Follow.followed_id)))).all():
            await add_follows(session, [(follower_id, followed.id)], -1)
        _touch_both(session, follower_id, followed.id)
    return followed


def _touch_both(session: AsyncSession, follower_id: int, followed_id: int) -> None:
    touch(session, Topic(SubjectKind.PROFILE, follower_id), Topic(SubjectKind.PROFILE, followed_id))


async def _refresh_made(session: AsyncSession, follower_id: int, followed_id: int) -> None:
    """The follower's own publications, and those of the followed user that both make together."""
    made = select(col(CoCreator.publication_id)).where(col(CoCreator.user_id) == follower_id)
    owner_id = col(Publication.owner_id)
    together = and_(owner_id == followed_id, col(Publication.id).in_(made))
    await raise_revision(session, or_(owner_id == follower_id, together))
