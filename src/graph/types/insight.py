from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from auth.access import Access
from base.ids import Kind, global_id
from graph.directives import A_MINUTE, SEVERAL_STATEMENTS, list_of
from graph.faces import shows
from graph.fields import described, loaded
from graph.scalars import BigInt
from graph.types.node import Node
from graph.types.publication import User
from loaders.insights import (
    InsightRow,
    InsightScores,
    Plays,
    ProfileSearches,
    ProfileViews,
    WorkRow,
    WorksOfInsight,
)
from loaders.people import UserById
from loaders.scores import Score
from models import SourceType
from resolvers.insights import MOST_WORKS


@shows(WorkRow)
@strawberry.type(
    description="Something that a user made, and how often it was played.", directives=[A_MINUTE]
)
class Work:
    row: strawberry.Private[WorkRow]
    item_id: str = described(
        "YouTube video id or SoundCloud track id: with `sourceType`, unique among the user's works."
    )
    source_type: SourceType = described("Where it is published.")
    is_individual_work: bool = described("Whether the user made it alone.")
    non_app_plays: BigInt | None = described(
        "Plays on the source's own site, as it last told; null before it first told."
    )
    refreshed_at: datetime | None = described("When the source told `nonAppPlays`; null while that is.")

    @loaded(Plays, BigInt)
    def in_app_plays(self) -> WorkRow:
        """Plays here: what the user told, and each event PLAY since, counted once."""
        return self.row

    @classmethod
    def of(cls, row: WorkRow) -> Self:
        return cls(
            row=row,
            item_id=row.item_id,
            source_type=SourceType(row.source_type),
            is_individual_work=row.is_individual_work,
            non_app_plays=_big(row.non_app_plays),
            refreshed_at=row.refreshed_at,
        )


@shows(Score)
@strawberry.type(description="The parts of an insight score, each from 0.00 to 10.00.", directives=[A_MINUTE])
class InsightScoreParts:
    reach: Decimal = described(
        "10 log(1 + n) / log(1 + 10,000,000), at most 10, of n followers on all networks and plays of all "
        "works, here and elsewhere. Of a work's plays here, 3,000 events of each month count."
    )
    activity: Decimal = described("10 log(1 + n) / log(1 + 100), at most 10, of n roles, acts and works.")
    interest: Decimal = described(
        "10 log(1 + n) / log(1 + 100,000), at most 10, of n profile views, profile searches and connects. Of "
        "views and of searches, 3,000 events of each month count."
    )

    @classmethod
    def of(cls, score: Score) -> Self:
        return cls(reach=score.reach, activity=score.activity, interest=score.interest)


@shows(InsightRow)
@strawberry.type(
    description="What is known of a user beyond the account: profile, networks and works.",
    directives=[A_MINUTE],
)
class UserInsight(Node):
    row: strawberry.Private[InsightRow]
    has_about: bool = described("Whether the profile has a text about the user.")
    number_of_roles: int = described("How many roles the user has played, as the user told.")
    number_of_acts: int = described("How many acts the user has performed, as the user told.")
    connects: BigInt = described("How many friends the user has, as the user told.")
    facebook_page_id: BigInt | None = described(
        "The number of the user's Facebook page; null where none was told."
    )
    twitter_handle: str | None = described(
        "The user's handle on X, once Twitter, without the @; null where none was told."
    )
    instagram_handle: str | None = described(
        "The user's handle on Instagram, without the @; null where none was told."
    )
    twitter_followers_count: BigInt | None = described(
        "Followers on X, as it last told; null before it first told."
    )
    facebook_page_followers_count: BigInt | None = described(
        "Followers of the Facebook page, as Facebook last told; null before it first told."
    )
    instagram_followers_count: BigInt | None = described(
        "Followers on Instagram, as it last told; null before it first told."
    )
    refreshed_at: datetime | None = described(
        "When the networks told the followers' counts: of several, the oldest; null while there is none."
    )

    @loaded(UserById, User)
    def user(self) -> int:
        """The user whom it is about."""
        return self.row.user_id

    @loaded(
        ProfileViews,
        BigInt | None,
        requires=[Access.SELF],
    )
    def profile_views(self) -> InsightRow:
        """How often the profile was opened: what the user told, and each event PROFILE_VIEW since."""
        return self.row

    @loaded(
        ProfileSearches,
        BigInt | None,
        requires=[Access.SELF],
    )
    def profile_searches(self) -> InsightRow:
        """How often a search found the profile: what the user told, and each event PROFILE_SEARCH since."""
        return self.row

    @loaded(
        InsightScores,
        Decimal,
        of=lambda _, score: score.total,
        costs=SEVERAL_STATEMENTS,
    )
    def insight_score(self) -> InsightRow:
        """From 0.00 to 10.00: the mean of `insightScoreParts`, weighted as the server is set, equally unless
        told otherwise. 0.00 where everything is 0; never less for more of anything. Made when it is asked
        for."""
        return self.row

    @loaded(
        InsightScores,
        InsightScoreParts,
        costs=SEVERAL_STATEMENTS,
    )
    def insight_score_parts(self) -> InsightRow:
        """The parts of which `insightScore` is the mean."""
        return self.row

    @loaded(
        WorksOfInsight,
        list[Work],
        costs=list_of(MOST_WORKS),
    )
    def works(self) -> int:
        """What the user made, in the order in which each was first given."""
        return self.row.id

    @classmethod
    def of(cls, row: InsightRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.USER_INSIGHT, row.public_id)),
            has_about=row.has_about,
            number_of_roles=row.number_of_roles,
            number_of_acts=row.number_of_acts,
            connects=BigInt(row.connects),
            facebook_page_id=_big(row.facebook_page_id),
            twitter_handle=row.twitter_handle,
            instagram_handle=row.instagram_handle,
            twitter_followers_count=_big(row.twitter_followers_count),
            facebook_page_followers_count=_big(row.facebook_page_followers_count),
            instagram_followers_count=_big(row.instagram_followers_count),
            refreshed_at=row.refreshed_at,
        )


def _big(count: int | None) -> BigInt | None:
    return None if count is None else BigInt(count)
