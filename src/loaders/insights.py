"""What is known of users beyond their accounts."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from database import Statement, among, table_of
from loaders.base import GroupLoader, RowLoader, after_key
from loaders.people import USERS
from models import User, UserInsight, Work

INSIGHTS = table_of(UserInsight).c
WORKS = table_of(Work).c


class InsightRow(NamedTuple):
    id: int
    public_id: UUID
    user_id: int
    tenant_id: int
    has_about: bool
    number_of_roles: int
    number_of_acts: int
    connects: int
    profile_views: int
    """The number that the user gave, minus the events until then; see `figures.insights.Raised`."""
    profile_searches: int
    profile_views_scored: int | None
    """The same, minus only the events that count in the score; None if both numbers are the same."""
    profile_searches_scored: int | None
    facebook_page_id: int | None
    twitter_handle: str | None
    instagram_handle: str | None
    twitter_followers_count: int | None
    facebook_page_followers_count: int | None
    instagram_followers_count: int | None
    twitter_refreshed_at: datetime | None
    facebook_page_refreshed_at: datetime | None
    instagram_refreshed_at: datetime | None
    legacy_id: str | None

    @property
    def refreshed_at(self) -> datetime | None:
        """When the oldest of the followers' counts was reported."""
        reported = (self.twitter_refreshed_at, self.facebook_page_refreshed_at, self.instagram_refreshed_at)
        return min((at for at in reported if at), default=None)


_INSIGHTS = select(
    *(INSIGHTS[name] if name != "tenant_id" else USERS.tenant_id for name in InsightRow._fields)
).select_from(table_of(UserInsight).join(table_of(User), USERS.id == INSIGHTS.user_id))


class InsightByUser(RowLoader[int, InsightRow]):
    statement = Statement(_INSIGHTS.where(among(INSIGHTS.user_id, "keys")), InsightRow)
    key = "user_id"


class InsightByPublicId(RowLoader[UUID, InsightRow]):
    statement = Statement(_INSIGHTS.where(among(INSIGHTS.public_id, "keys")), InsightRow)
    key = "public_id"


class WorkRow(NamedTuple):
    id: int
    tenant_id: int
    source_type: int
    item_id: str
    is_individual_work: bool
    in_app_plays: int
    """The number that the user gave, minus the events until then; see `figures.insights.Raised`."""
    in_app_plays_scored: int | None
    """The same, minus only the events that count in the score; None if both numbers are the same."""
    non_app_plays: int | None
    refreshed_at: datetime | None


class WorksOfInsight(GroupLoader[int, WorkRow]):
    """In the order in which the user first named them."""

    statement = Statement(
        select(
            WORKS.insight_id,
            *(WORKS[name] if name != "tenant_id" else USERS.tenant_id for name in WorkRow._fields),
        )
        .select_from(
            table_of(Work)
            .join(table_of(UserInsight), INSIGHTS.id == WORKS.insight_id)
            .join(table_of(User), USERS.id == INSIGHTS.user_id)
        )
        .where(among(WORKS.insight_id, "keys"))
        .order_by(WORKS.insight_id, WORKS.id),
        after_key(WorkRow),
    )
