from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

import strawberry

from auth.access import Access
from base.ids import Kind, global_id
from figures.figure import Figure, values
from figures.insights import FOLLOWERS, PLAYS, PLAYS_ELSEWHERE, PROFILE_SEARCHES, PROFILE_VIEWS, Raised
from figures.scores import INSIGHT_SCORE, SCORE_PARTS, Score
from graph.directives import A_MINUTE, SEVERAL_STATEMENTS, list_of
from graph.faces import shows
from graph.fields import costly, described, loaded
from graph.figures import with_figures
from graph.info import Info
from graph.scalars import BigInt
from graph.types.node import LegacyId, Node, legacy_id, legacy_id_of
from graph.types.publication import User
from loaders.all_time import AllTimeCounts, AllTimeKey
from loaders.insights import InsightRow, WorkRow, WorksOfInsight
from loaders.people import UserById
from models import SourceType
from resolvers import scores
from resolvers.insights import MOST_WORKS
from resolvers.scores import raised_key


def _raised(figure: Figure[int], *, requires: Sequence[Access] = ()) -> Any:
    """The field of a figure that events raise. If `requires` has relations, others get null."""

    def key(self: Any) -> AllTimeKey:
        assert isinstance(figure.fold, Raised)
        return raised_key(figure.fold, self.row)

    key.__doc__ = figure.words
    type = BigInt | None if requires else BigInt
    return loaded(AllTimeCounts, type, of=lambda _, total: total.all, requires=requires)(key)


def _insight_score() -> Any:
    async def resolver(self: Any, info: Info) -> Decimal:
        return INSIGHT_SCORE.of(await scores.insight_score(info.context, self.row))

    resolver.__doc__ = INSIGHT_SCORE.words
    return costly(SEVERAL_STATEMENTS)(resolver)


@shows(WorkRow)
@strawberry.type(
    description="Something that a user made, and how often it was played.", directives=[A_MINUTE]
)
@with_figures((PLAYS_ELSEWHERE,), after="is_individual_work")
class Work:
    row: strawberry.Private[WorkRow]
    item_id: str = described(
        "YouTube video id or SoundCloud track id: with `sourceType`, unique among the user's works."
    )
    source_type: SourceType = described("Where it is published.")
    is_individual_work: bool = described("Whether the user made it alone.")
    refreshed_at: datetime | None = described("When `nonAppPlays` was reported; null as long as it is null.")

    in_app_plays = _raised(PLAYS)

    @classmethod
    def of(cls, row: WorkRow) -> Self:
        return cls(
            row=row,
            item_id=row.item_id,
            source_type=SourceType(row.source_type),
            is_individual_work=row.is_individual_work,
            refreshed_at=row.refreshed_at,
            **values([PLAYS_ELSEWHERE], row),
        )


@shows(Score)
@strawberry.type(description="The parts of an insight score, each from 0.00 to 10.00.", directives=[A_MINUTE])
@with_figures(SCORE_PARTS)
class InsightScoreParts:
    @classmethod
    def of(cls, score: Score) -> Self:
        return cls(**values(SCORE_PARTS, score))


@shows(InsightRow)
@strawberry.type(
    description="What is known of a user beyond the account: profile, networks and works.",
    directives=[A_MINUTE],
)
@with_figures(FOLLOWERS, after="instagram_handle")
class UserInsight(Node):
    row: strawberry.Private[InsightRow]
    legacy_id: LegacyId = legacy_id(is_taken=False)
    has_about: bool = described("Whether the profile has a text about the user.")
    number_of_roles: int = described("How many roles the user has played. The user gives this number.")
    number_of_acts: int = described("How many acts the user has performed. The user gives this number.")
    connects: BigInt = described("How many friends the user has. The user gives this number.")
    facebook_page_id: BigInt | None = described(
        "The number of the user's Facebook page; null if the user gave none."
    )
    twitter_handle: str | None = described(
        "The user's handle on X, once Twitter, without the @; null if the user gave none."
    )
    instagram_handle: str | None = described(
        "The user's handle on Instagram, without the @; null if the user gave none."
    )
    refreshed_at: datetime | None = described(
        "When the networks reported the followers' counts. If they reported several, it is the oldest "
        "time. Null if there are none."
    )

    @loaded(UserById, User)
    def user(self) -> int:
        """The user that this is about."""
        return self.row.user_id

    profile_views = _raised(PROFILE_VIEWS, requires=[Access.SELF])
    profile_searches = _raised(PROFILE_SEARCHES, requires=[Access.SELF])

    insight_score = _insight_score()

    @costly(SEVERAL_STATEMENTS)
    async def insight_score_parts(self, info: Info) -> InsightScoreParts:
        """The parts of which `insightScore` is the weighted mean."""
        return InsightScoreParts.of(await scores.insight_score(info.context, self.row))

    @loaded(
        WorksOfInsight,
        list[Work],
        costs=list_of(MOST_WORKS),
    )
    def works(self) -> int:
        """What the user made, in the order in which the user first named it."""
        return self.row.id

    @classmethod
    def of(cls, row: InsightRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.USER_INSIGHT, row.public_id)),
            legacy_id=legacy_id_of(row),
            has_about=row.has_about,
            number_of_roles=row.number_of_roles,
            number_of_acts=row.number_of_acts,
            connects=BigInt(row.connects),
            facebook_page_id=_big(row.facebook_page_id),
            twitter_handle=row.twitter_handle,
            instagram_handle=row.instagram_handle,
            refreshed_at=row.refreshed_at,
            **values(FOLLOWERS, row),
        )


def _big(count: int | None) -> BigInt | None:
    return None if count is None else BigInt(count)
