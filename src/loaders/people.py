"""Users: who they are, and who follows whom."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from database import Lookup, among, table_of
from loaders.base import Loader, RowLoader, after_key
from models import FollowTotal, User

USERS = table_of(User).c
FOLLOW_TOTALS = table_of(FollowTotal).c


class UserRow(NamedTuple):
    id: int
    public_id: UUID
    tenant_id: int
    username: str
    name: str | None
    legacy_id: str | None


USER_COLUMNS = (
    USERS.id,
    USERS.public_id,
    USERS.tenant_id,
    USERS.username,
    USERS.name,
    USERS.legacy_id,
)


class UserById(RowLoader[int, UserRow]):
    statement = Lookup(select(*USER_COLUMNS).where(among(USERS.id, "keys")), UserRow)
    key = "id"


class UserByPublicId(RowLoader[UUID, UserRow]):
    statement = Lookup(select(*USER_COLUMNS).where(among(USERS.public_id, "keys")), UserRow)
    key = "public_id"


class UserByLegacyId(RowLoader[str, UserRow]):
    statement = Lookup(select(*USER_COLUMNS).where(among(USERS.legacy_id, "keys")), UserRow)
    key = "legacy_id"


class UserByUsername(RowLoader[str, UserRow]):
    statement = Lookup(select(*USER_COLUMNS).where(among(USERS.username, "keys")), UserRow)
    key = "username"


class SkeletonRow(NamedTuple):
    id: int
    username_skeleton: str


class UserBySkeleton(RowLoader[str, SkeletonRow]):
    """Who has a name that looks like another: see `base.names`."""

    statement = Lookup(
        select(USERS.id, USERS.username_skeleton).where(among(USERS.username_skeleton, "keys")), SkeletonRow
    )
    key = "username_skeleton"


class SocialCounts(NamedTuple):
    followers: int = 0
    following: int = 0


class SocialCountsByUser(Loader[int, SocialCounts]):
    statement = Lookup(
        select(FOLLOW_TOTALS.user_id, FOLLOW_TOTALS.followers_count, FOLLOW_TOTALS.following_count).where(
            among(FOLLOW_TOTALS.user_id, "keys")
        ),
        after_key(SocialCounts),
    )

    async def batch_load_fn(self, user_ids: Sequence[int]) -> list[SocialCounts]:
        counts = dict(await self.database.fetch(self.statement, keys=user_ids))
        return [counts.get(user_id, SocialCounts()) for user_id in user_ids]
