from collections import Counter
from datetime import datetime
from typing import Self

import strawberry

from base.calendar import Span
from graph.directives import SEVERAL_STATEMENTS
from graph.faces import shows
from graph.fields import described, loaded
from graph.scalars import BigInt
from loaders.cached import CachedKey
from loaders.engagement import Engagement, EngagementKey, EngagementOfPublication
from loaders.engagement import TakenBack as Withdrawn
from loaders.people import SocialCounts
from loaders.visitors import Visitors, VisitorsKey, VisitorsOfPublication
from models import ExperienceType
from resolvers.metrics import previous_engagement_key, visitors_key


@strawberry.type(description="How many experiences of each type a publication has published.")
class ExperienceCounts:
    ai_expert: BigInt = described("How many of the type AI_EXPERT.")
    ai_note: BigInt = described("How many of the type AI_NOTE.")
    quest: BigInt = described("How many of the type QUEST.")
    podcast: BigInt = described("How many of the type PODCAST.")
    total: BigInt = described("How many of all types together.")

    @classmethod
    def of(cls, counts: Counter[ExperienceType]) -> Self:
        return cls(
            ai_expert=BigInt(counts[ExperienceType.AI_EXPERT]),
            ai_note=BigInt(counts[ExperienceType.AI_NOTE]),
            quest=BigInt(counts[ExperienceType.QUEST]),
            podcast=BigInt(counts[ExperienceType.PODCAST]),
            total=BigInt(counts.total()),
        )


@shows(Visitors)
@strawberry.type(
    description=(
        "How many different people came. Who is signed in, or named by the server that reported it, is one "
        "visitor on however many days; also who signs in halfway, where the server names both. Any other "
        "browser is known by its network address and user agent for one day of the reporting time zone, and "
        "is another visitor on the next: who comes anonymously on 5 days of a range counts 5 times in it. "
        "Browsers alike behind one address count once."
    )
)
class UniqueVisitors:
    estimate: BigInt = described(
        "Distinct visitors, estimated by HyperLogLog with a standard error of 1.6 %; exact for few. Over "
        "several days it has those who are signed in or named once, and of all others the sum of the days: "
        "it is no number of people where many come anonymously and again."
    )
    lower: BigInt = described("The low end of the estimate's interval of 95 % confidence.")
    upper: BigInt = described("The high end of the estimate's interval of 95 % confidence.")
    signed_in: BigInt = described("Those of them who were signed in: counted exactly.")

    @classmethod
    def of(cls, visitors: Visitors) -> Self:
        estimate, lower, upper = visitors.everyone
        return cls(
            estimate=BigInt(estimate),
            lower=BigInt(lower),
            upper=BigInt(upper),
            signed_in=BigInt(visitors.signed_in),
        )


@strawberry.type(description="The instants that a range came to: from `start` up to, not including, `end`.")
class ResolvedRange:
    start: datetime = described("The first instant of the range.")
    end: datetime = described("The first instant after the range: not part of it.")

    @classmethod
    def of(cls, span: Span) -> Self:
        return cls(start=span.start, end=span.end)


@strawberry.type(
    description=(
        "What was done, and taken back since, whenever that was. It is told by when it was done, within a "
        "range as of all time. With what stands it is all that was done: an older range had more time to be "
        "taken back, so that growth is compared by both together."
    )
)
class TakenBack:
    likes: BigInt = described("Likes that were taken back; `totalLikes` are those that stand.")
    bookmarks: BigInt = described("Bookmarks that were taken back; `totalBookmarks` are those that stand.")
    comments: BigInt = described("Comments that were deleted; `totalComments` are those that stand.")
    appointments: BigInt = described(
        "Appointments that were cancelled; `totalAppointments` are those that stand."
    )

    @classmethod
    def of(cls, taken_back: Withdrawn) -> Self:
        return cls(**{name: BigInt(count) for name, count in taken_back._asdict().items()})


@strawberry.type(
    description=(
        "What people did with a publication, of all time or within a range. What was taken back (a like, a "
        "bookmark, a comment, an appointment) is not counted, on whatever day it was taken back, but told by "
        "`takenBack`."
    )
)
class EngagementMetrics:
    key: strawberry.Private[CachedKey[EngagementKey]]
    range: ResolvedRange | None = described("The instants that the asked range came to; null for all time.")
    total_views: BigInt = described("How often it was opened: events VIEW.")
    total_likes: BigInt = described("Likes that stand; within a range, by when they were given.")
    total_bookmarks: BigInt = described("Bookmarks that stand; within a range, by when they were set.")
    total_shares: BigInt = described("How often it was shared. A share cannot be taken back.")
    total_comments: BigInt = described(
        "Comments that were not deleted; within a range, by when they were written."
    )
    total_appointments: BigInt = described(
        "Appointments booked and not cancelled; within a range, by when they were booked, not by when they "
        "are."
    )
    taken_back: TakenBack = described("What was done and taken back since, which these totals leave out.")
    monthly_active_users: BigInt = described(
        "Distinct signed-in people active on the publication (view, like, bookmark, share, comment or "
        "booking) in the 30 days of 24 hours that end now, or at the range's end."
    )
    generated_at: datetime = described(
        "By when these figures were what they are: nothing was counted since that changes them. The same in "
        "all figures of one publication in an answer. An hour at most before the answer."
    )

    @loaded(
        VisitorsOfPublication,
        UniqueVisitors,
        costs=SEVERAL_STATEMENTS,
    )
    def unique_visitors(self) -> CachedKey[VisitorsKey]:
        """Distinct visitors, of all time or within the range. An anonymous browser is another visitor on each
        day of the reporting time zone of the publication's owner."""
        return visitors_key(self.key)

    @loaded(
        EngagementOfPublication,
        "EngagementMetrics | None",
        of=lambda key, figures: EngagementMetrics.of(key, figures),
    )
    def previous(self) -> CachedKey[EngagementKey] | None:
        """The same figures for the calendar's previous range, which ends where this one starts: for whole
        months as many months, for whole days as many days, by the clocks of `timeZone`; for anything else
        the range of equal length. Null without a range. BAD_USER_INPUT where that would start before the
        year 1."""
        return previous_engagement_key(self.key)

    @loaded(
        EngagementOfPublication,
        "EngagementMetrics | None",
        of=lambda key, figures: EngagementMetrics.of(key, figures),
    )
    def previous_of_equal_length(self) -> CachedKey[EngagementKey] | None:
        """The same figures for the range that ends where this one starts and is as long, in seconds, whatever
        the clocks show; null without a range. BAD_USER_INPUT where that would start before the year 1."""
        return previous_engagement_key(self.key, is_as_long=True)

    @classmethod
    def of(cls, key: CachedKey[EngagementKey], figures: Engagement) -> Self:
        return cls(
            key=key,
            range=ResolvedRange.of(key.key.span) if key.key.span else None,
            total_views=BigInt(figures.views),
            total_likes=BigInt(figures.likes),
            total_bookmarks=BigInt(figures.bookmarks),
            total_shares=BigInt(figures.shares),
            total_comments=BigInt(figures.comments),
            total_appointments=BigInt(figures.appointments),
            taken_back=TakenBack.of(figures.taken_back),
            monthly_active_users=BigInt(figures.monthly_active_users),
            generated_at=figures.generated_at,
        )


@shows(SocialCounts)
@strawberry.type(
    description="How many users follow the owner of a publication, and how many the owner follows."
)
class SocialMetrics:
    followers_count: BigInt = described("How many users follow the owner.")
    following_count: BigInt = described("How many users the owner follows.")

    @classmethod
    def of(cls, counts: SocialCounts) -> Self:
        return cls(followers_count=BigInt(counts.followers), following_count=BigInt(counts.following))
