from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from operator import attrgetter
from typing import Any, Self

import strawberry

from base.calendar import Span
from figures.engagement import ENGAGEMENT, TAKEN_BACK, TOTALS, USERS, PublicFigure
from figures.experiences import EXPERIENCES
from figures.figure import values
from figures.folds import Totals
from figures.visitors import VISITORS, Visitors
from graph.directives import AN_HOUR, SEVERAL_STATEMENTS
from graph.face_columns import made_of
from graph.faces import shows
from graph.fields import described, loaded
from graph.figures import all_with_totals, of_totals, with_figures, with_totals
from graph.scalars import BigInt
from graph.types.node import of_columns, with_row
from loaders.cached import CachedKey
from loaders.engagement import Engagement, EngagementKey, EngagementOfPublication
from loaders.people import SocialCounts
from loaders.shared_figures import SharedFigureRow
from loaders.visitors import VisitorsKey, VisitorsOfPublication
from resolvers.metrics import previous_engagement_key, visitors_key


@of_totals(EXPERIENCES)
@strawberry.type(description="How many experiences of each type a publication has published.")
@with_figures(EXPERIENCES)
class ExperienceCounts:
    @classmethod
    def of(cls, _: int, counts: Totals) -> Self:
        return with_totals(cls, counts)

    @classmethod
    def of_all(cls, _: Sequence[int], counts: Sequence[Totals]) -> list[Self]:
        return all_with_totals(cls, counts)


@shows(Visitors)
@strawberry.type(
    description=(
        "How many different people came. Somebody who is signed in, or has a `visitor` name from the "
        "reporting server, is one visitor, even on several days. So is somebody who signs in later, if the "
        "server gives both `visitor` and `userId`. Any other browser is recognised by its network address "
        "and its user agent, for one day of the reporting time zone: somebody who comes anonymously on 5 "
        "days of a range counts 5 times. Equal browsers behind one address count once."
    )
)
@with_figures(VISITORS)
class UniqueVisitors:
    @classmethod
    def of(cls, visitors: Visitors) -> Self:
        return cls(**values(VISITORS, visitors))


@strawberry.type(description="A range as instants: from `start` up to, not including, `end`.")
class ResolvedRange:
    start: datetime = described("The first instant of the range.")
    end: datetime = described("The first instant after the range: not part of it.")

    @classmethod
    def of(cls, span: Span) -> Self:
        return cls(start=span.start, end=span.end)


@of_totals(TAKEN_BACK)
@strawberry.type(
    description=(
        "What was done and taken back later, at any time. It counts in the range in which it was done. "
        "Together with what was not taken back, it is all that was done. Compare growth by both together, "
        "because there was more time to take things back in an older range."
    )
)
@with_figures(TAKEN_BACK)
class TakenBack:
    pass


def _range_of(key: CachedKey[EngagementKey]) -> ResolvedRange | None:
    return ResolvedRange.of(key.key.span) if key.key.span else None


@of_totals(ENGAGEMENT, taken_back=TakenBack)
@made_of(range=("key", _range_of), generated_at=("_engagement", attrgetter("generated_at")))
@strawberry.type(
    description=(
        "What people did with a publication, of all time or within a range. What was taken back at any "
        "time (a like, a bookmark, a comment, an appointment) is not counted here, but in `takenBack`."
    )
)
@with_figures(USERS, after="taken_back")
@with_figures(TOTALS, after="range")
class EngagementMetrics:
    key: strawberry.Private[CachedKey[EngagementKey]]
    range: ResolvedRange | None = described("The asked range as instants; null for all time.")
    taken_back: TakenBack = described("What was done and taken back since. The totals leave it out.")
    generated_at: datetime = described(
        "The server knows that these figures have not changed since this instant, which is at most an hour "
        "before the answer. It is the same for all figures of one publication in an answer."
    )

    @loaded(
        VisitorsOfPublication,
        UniqueVisitors,
        costs=SEVERAL_STATEMENTS,
    )
    def unique_visitors(self) -> CachedKey[VisitorsKey]:
        """Different visitors, of all time or within the range. An anonymous browser counts as a new
        visitor on each day of the reporting time zone of the publication's owner."""
        return visitors_key(self.key)

    @loaded(
        EngagementOfPublication,
        "EngagementMetrics | None",
        of=lambda key, figures: EngagementMetrics.of(key, figures),
    )
    def previous(self) -> CachedKey[EngagementKey] | None:
        """The same figures for the range just before this one, which ends at its start. Before whole
        months it has as many months, and before whole days as many days, in the calendar of `timeZone`.
        Before any other range it has the same length in seconds. Null without a range. BAD_USER_INPUT if
        it would start before the year 1."""
        return previous_engagement_key(self.key)

    @loaded(
        EngagementOfPublication,
        "EngagementMetrics | None",
        of=lambda key, figures: EngagementMetrics.of(key, figures),
    )
    def previous_of_equal_length(self) -> CachedKey[EngagementKey] | None:
        """The same figures for the range that ends at the start of this one and lasts as many seconds;
        null without a range. BAD_USER_INPUT if it would start before the year 1."""
        return previous_engagement_key(self.key, is_as_long=True)

    @classmethod
    def of(cls, key: CachedKey[EngagementKey], engagement: Engagement) -> Self:
        (made,) = cls.of_all([key], [engagement])
        return made

    @classmethod
    def of_all(cls, keys: Sequence[CachedKey[EngagementKey]], found: Sequence[Engagement]) -> list[Self]:
        made: list[Any] = list(map(object.__new__, repeat(cls, len(keys))))
        for one, key, engagement in zip(made, keys, found, strict=True):
            one.key, one._engagement, one._totals = key, engagement, engagement[0]
        return made


@shows(SocialCounts)
@of_columns(followers_count="followers", following_count="following")
@strawberry.type(
    description="How many users follow the owner of a publication, and how many the owner follows."
)
class SocialMetrics:
    row: strawberry.Private[SocialCounts]
    followers_count: BigInt = described("How many users follow the owner.")
    following_count: BigInt = described("How many users the owner follows.")

    @classmethod
    def of(cls, counts: SocialCounts) -> Self:
        return with_row(cls, counts)


@shows(SharedFigureRow)
@of_columns(figure="figure", value="value")
@strawberry.type(
    description="A figure of a publication that its owner shows to everybody.", directives=[AN_HOUR]
)
class SharedFigure:
    row: strawberry.Private[SharedFigureRow]
    figure: PublicFigure = described("Which figure it is.")
    value: BigInt = described("The figure of all time. It may be up to an hour old, as that of the makers.")

    @classmethod
    def of(cls, row: SharedFigureRow) -> Self:
        return with_row(cls, row)
