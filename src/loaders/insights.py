"""What is known of users beyond their accounts, and the score made of it."""

from asyncio import gather
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from database import Statement, among, table_of
from loaders.base import GroupLoader, Loader, Loaders, RowLoader, after_key
from loaders.ever import Ever, EverCounts, EverKey
from loaders.people import USERS
from loaders.scores import Score, ScoreInputs, score
from models import Action, User, UserInsight, Work

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
    """Without those that were events; the same for searches."""
    profile_searches: int
    profile_views_scored: int | None
    """Without those events that count in the score. None: the same."""
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

    @property
    def refreshed_at(self) -> datetime | None:
        """When the oldest of the followers' counts was told."""
        told = (self.twitter_refreshed_at, self.facebook_page_refreshed_at, self.instagram_refreshed_at)
        return min((at for at in told if at), default=None)


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
    """Without those that were events."""
    in_app_plays_scored: int | None
    """Without those events that count in the score. None: the same."""
    non_app_plays: int | None
    refreshed_at: datetime | None


class WorksOfInsight(GroupLoader[int, WorkRow]):
    """In the order in which they were given."""

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


class Plays(Loader[WorkRow, int]):
    """Plays here: those that were events, and those before."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counts = loaders[EverCounts]

    async def batch_load_fn(self, works: Sequence[WorkRow]) -> list[int]:
        counted = await self._counts.load_many(
            EverKey(work.tenant_id, work.id, Action.PLAY) for work in works
        )
        return [work.in_app_plays + ever.all for work, ever in zip(works, counted, strict=True)]


class ProfileViews(Loader[InsightRow, int]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counts = loaders[EverCounts]

    async def batch_load_fn(self, insights: Sequence[InsightRow]) -> list[int]:
        counted = await self._counts.load_many(
            EverKey(insight.tenant_id, insight.user_id, Action.PROFILE_VIEW) for insight in insights
        )
        return [insight.profile_views + ever.all for insight, ever in zip(insights, counted, strict=True)]


class ProfileSearches(Loader[InsightRow, int]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counts = loaders[EverCounts]

    async def batch_load_fn(self, insights: Sequence[InsightRow]) -> list[int]:
        counted = await self._counts.load_many(
            EverKey(insight.tenant_id, insight.user_id, Action.PROFILE_SEARCH) for insight in insights
        )
        return [insight.profile_searches + ever.all for insight, ever in zip(insights, counted, strict=True)]


class InsightScores(Loader[InsightRow, Score]):
    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._works = loaders[WorksOfInsight]
        self._counts = loaders[EverCounts]
        self._weights = loaders.score_weights

    async def batch_load_fn(self, insights: Sequence[InsightRow]) -> list[Score]:
        inputs = await gather(*(self._inputs(insight) for insight in insights))
        return [score(one, self._weights) for one in inputs]

    async def _inputs(self, insight: InsightRow) -> ScoreInputs:
        views, searches = (
            EverKey(insight.tenant_id, insight.user_id, action)
            for action in (Action.PROFILE_VIEW, Action.PROFILE_SEARCH)
        )
        works, viewed, searched = await gather(
            self._works.load(insight.id),
            self._counts.load(views),
            self._counts.load(searches),
        )
        played = await self._counts.load_many(EverKey(work.tenant_id, work.id, Action.PLAY) for work in works)
        followers = (
            insight.twitter_followers_count,
            insight.facebook_page_followers_count,
            insight.instagram_followers_count,
        )
        return ScoreInputs(
            reach=sum(count or 0 for count in followers)
            + sum(
                _scored(work.in_app_plays, work.in_app_plays_scored, ever)
                for work, ever in zip(works, played, strict=True)
            )
            + sum(work.non_app_plays or 0 for work in works),
            activity=insight.number_of_roles + insight.number_of_acts + len(works),
            interest=_scored(insight.profile_views, insight.profile_views_scored, viewed)
            + _scored(insight.profile_searches, insight.profile_searches_scored, searched)
            + insight.connects,
        )


def _scored(told: int, told_for_score: int | None, ever: Ever) -> int:
    return max(0, (told if told_for_score is None else told_for_score) + ever.scored)
