"""The traces of an erased person: what they did by name on what belongs to others.

What stood by their name is taken back, so that figures count what is there. Other events stay, and are those
of nobody.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from base.ids import uuid7
from database import Statement, table_of
from ingest.columns import FOLLOWS, PUBLICATIONS, USERS
from ingest.deletions.acts import delete_acts
from ingest.deletions.lease import DeletionRow
from ingest.deletions.rows import Rows
from ingest.events import NewEvent
from ingest.publication_revisions import raise_revision
from ingest.row_totals import add_follows
from ingest.store import store
from ingest.topics import Topic, touch
from models import Action, Appointment, Bookmark, Comment, Follow, Like, Publication, SubjectKind, User


class _Marks(NamedTuple):
    """Rows that stand for an event, and the action that takes it back."""

    model: type[SQLModel]
    user: Any
    takes_back: Action

    def ends(self) -> Sequence[Any]:
        """The columns that say when the event was taken back, and when it is over."""
        if self.model is not Appointment:
            return null(), null()
        return table_of(Appointment).c.cancelled_at, table_of(Appointment).c.ends_at


_MARKS: Final = (
    _Marks(Like, Like.user_id, Action.UNLIKE),
    _Marks(Bookmark, Bookmark.user_id, Action.UNBOOKMARK),
    _Marks(Comment, Comment.author_id, Action.UNCOMMENT),
    _Marks(Appointment, Appointment.user_id, Action.CANCEL),
)


class _Mark(NamedTuple):
    key: tuple[int, ...]
    publication_id: int
    created_at: Any
    tenant_id: int


async def delete_traces(rows: Rows, deletion: DeletionRow) -> None:
    for marks in _MARKS:
        await _take_back(rows, deletion, marks)
    await _unfollow(rows, deletion)
    await delete_acts(rows, deletion)


async def _take_back(rows: Rows, deletion: DeletionRow, marks: _Marks) -> None:
    """Bookings that are over stay counted, without a name."""
    while found := await _some(rows, deletion, marks):
        async with rows.changing() as session:
            publications = {mark.publication_id for mark in found}
            await raise_revision(session, col(Publication.id).in_(publications))
            gone = await _deleted(session, deletion, marks, found)
            await store(session, [_event(deletion, marks.takes_back, mark) for mark in gone])
            touch(session, *(Topic(SubjectKind.PUBLICATION, id) for id in publications))
        await rows.lease.count(len(found))


async def _some(rows: Rows, deletion: DeletionRow, marks: _Marks) -> list[_Mark]:
    columns = table_of(marks.model).c
    key = list(table_of(marks.model).primary_key.columns)
    statement = (
        select(
            *key,
            columns.publication_id.label("of_publication"),
            columns.created_at,
            USERS.tenant_id,
        )
        .join(table_of(Publication), PUBLICATIONS.id == columns.publication_id)
        .join(table_of(User), USERS.id == PUBLICATIONS.owner_id)
        .where(col(marks.user) == deletion.object_id)
        .order_by(*key)
        .limit(rows.pace.size)
    )
    return await rows.database.fetch(
        Statement(statement, lambda *values: _Mark(values[: len(key)], *values[len(key) :]))
    )


def _is_over(ends_at: datetime | None, deletion: DeletionRow) -> bool:
    return ends_at is not None and ends_at <= deletion.requested_at


async def _deleted(
    session: AsyncSession, deletion: DeletionRow, marks: _Marks, found: list[_Mark]
) -> list[_Mark]:
    """Those whose events are to be taken back: nobody has done so meanwhile."""
    table = table_of(marks.model)
    standing = []
    for mark in found:
        is_it = [column == value for column, value in zip(table.primary_key.columns, mark.key, strict=True)]
        deleted = await session.execute(delete(table).where(*is_it).returning(*marks.ends()))
        if any(not cancelled_at and not _is_over(ends_at, deletion) for cancelled_at, ends_at in deleted):
            standing.append(mark)
    return standing


def _event(deletion: DeletionRow, action: Action, mark: _Mark) -> NewEvent:
    id = uuid7(deletion.requested_at)
    return NewEvent(mark.tenant_id, id, mark.publication_id, action, mark.created_at)


async def _unfollow(rows: Rows, deletion: DeletionRow) -> None:
    its = or_(FOLLOWS.follower_id == deletion.object_id, FOLLOWS.followed_id == deletion.object_id)
    statement = select(FOLLOWS.follower_id, FOLLOWS.followed_id).where(its)
    while pairs := await rows.database.fetch(Statement(statement.limit(rows.pace.size), _pair)):
        people = {id for both in pairs for id in both}
        async with rows.changing() as session:
            await raise_revision(session, col(Publication.owner_id).in_(people))
            gone = []
            for follower, followed in pairs:
                is_it = (FOLLOWS.follower_id == follower, FOLLOWS.followed_id == followed)
                deleted = delete(table_of(Follow)).where(*is_it).returning(FOLLOWS.follower_id)
                if (await session.execute(deleted)).first():
                    gone.append((follower, followed))
            await add_follows(session, gone, -1)
            touch(session, *(Topic(SubjectKind.PROFILE, id) for id in people))
        await rows.lease.count(len(pairs))


def _pair(follower_id: int, followed_id: int) -> tuple[int, int]:
    return follower_id, followed_id
