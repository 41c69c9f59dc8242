"""Users: who they are, and who follows whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, literal, select, union_all

from database import Lookup, Statement, among, table_of
from loaders.base import Loader, RowLoader
from models import Follow, User

USERS = table_of(User).c
FOLLOWS = table_of(Follow).c


class UserRow(NamedTuple):
    id: int
    public_id: UUID
    tenant_id: int
    username: str
    name: str | None
    created_at: datetime


USER_COLUMNS = (USERS.id, USERS.public_id, USERS.tenant_id, USERS.username, USERS.name, USERS.created_at)


class UserById(RowLoader[int, UserRow]):
    statement = Lookup(select(*USER_COLUMNS).where(among(USERS.id, "keys")), UserRow)
    key = "id"


class UserByPublicId(RowLoader[UUID, UserRow]):
    statement = Lookup(select(*USER_COLUMNS).where(among(USERS.public_id, "keys")), UserRow)
    key = "public_id"


class UserByUsername(RowLoader[str, UserRow]):
    statement = Lookup(select(*USER_COLUMNS).where(among(USERS.username, "keys")), UserRow)
    key = "username"


class SocialCounts(NamedTuple):
    followers: int = 0
    following: int = 0


class SocialCountsByUser(Loader[int, SocialCounts]):
    statement = Statement(
        union_all(
            select(FOLLOWS.followed_id, func.count(), literal(0))
            .where(among(FOLLOWS.followed_id, "keys"))
            .group_by(FOLLOWS.followed_id),
            select(FOLLOWS.follower_id, literal(0), func.count())
            .where(among(FOLLOWS.follower_id, "keys"))
            .group_by(FOLLOWS.follower_id),
        ),
        lambda user_id, followers, following: (user_id, SocialCounts(followers, following)),
    )

    async def batch_load_fn(self, user_ids: Sequence[int]) -> list[SocialCounts]:
        counts = dict.fromkeys(user_ids, SocialCounts())
        for user_id, (followers, following) in await self.database.fetch(self.statement, keys=user_ids):
            known = counts[user_id]
            counts[user_id] = SocialCounts(known.followers + followers, known.following + following)
        return [counts[user_id] for user_id in user_ids]
