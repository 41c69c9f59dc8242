"""Publications and the people who make them. Each shows the other, so they are in one module."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from auth.access import Access
from base.calendar import WeekStart
from base.ids import Kind
from figures.engagement import PublicFigure
from graph.directives import A_MINUTE, A_SERIES, SEVERAL_STATEMENTS, list_of
from graph.enums import PublicationAction
from graph.faces import shows
from graph.fields import argument, described, loaded
from graph.info import Info
from graph.inputs import DateRange
from graph.scalars import TimeZone
from graph.types.arguments import (
    UTC,
    Given,
    GroupByOfPublication,
    Interval,
    OneDomain,
    Range,
    WeeksStart,
    ZeroFill,
    Zone,
    gathered,
    optional,
    required,
)
from graph.types.audit import of_account, of_publication
from graph.types.authentication_key import AuthenticationKey
from graph.types.connection import Connection, PageOf, connection_of, listed
from graph.types.domains import domain_aliases_for
from graph.types.experience import Experience
from graph.types.linked_identity import of_user
from graph.types.metrics import EngagementMetrics, ExperienceCounts, SharedFigure, SocialMetrics
from graph.types.node import LegacyId, Node, legacy_id, of_row, with_row
from graph.types.views import ActionSeries, ViewSeries
from loaders import people_lists
from loaders.asset_metrics import Group
from loaders.cached import CachedKey
from loaders.engagement import EngagementKey, EngagementOfPublication, ExperienceCountsOfPublication
from loaders.insights import InsightByUser
from loaders.listings import EXPERIENCES_OF_PUBLICATION, PUBLICATIONS_OF_USER
from loaders.pages import PageKey
from loaders.people import SocialCountsByUser, UserById, UserRow
from loaders.publication_series import PublicationSeries, PublicationSeriesKey
from loaders.publications import CoCreators, PublicationRow
from loaders.shared_figures import SharedFiguresOfPublication, SharedKey
from models import Action, ExperienceType
from resolvers import metrics
from resolvers.co_creators import MOST_CO_CREATORS
from resolvers.invitations import received_by, sent_by_publication
from resolvers.makers import MAKERS
from resolvers.shared_figures import shared_key

_Appointments = connection_of("Appointment", "graph.types.interaction")
_Comments = connection_of("Comment", "graph.types.interaction")
Invitations = connection_of("Invitation", "graph.types.invitation")
_SERIES = (
    required("range", Range),
    required("interval", Interval),
    optional("time_zone", Zone, UTC),
    optional("group_by", GroupByOfPublication, ()),
    optional("domain", OneDomain),
    optional("zero_fill", ZeroFill, False),
    optional("week_start", WeeksStart, WeekStart.MONDAY),
)


def _over_time(
    key: Callable[..., Awaitable[PublicationSeriesKey]],
) -> Callable[..., Awaitable[PublicationSeriesKey]]:
    """A field with the arguments of a series. The decorated function gets them as `series`."""
    return gathered(key, "series", _SERIES, _series)


def _series(_: Info, range: DateRange, group_by: Sequence[Group] | None, **given: Any) -> Given:
    groups = [group.value for group in group_by or ()]
    return {"start": range.start, "end": range.end, "group_by": groups, **given}


@shows(UserRow)
@of_row(Kind.USER)
@strawberry.type(
    description="Somebody with an account, who makes publications and follows others.", directives=[A_MINUTE]
)
class User(Node):
    row: strawberry.Private[UserRow]
    legacy_id: LegacyId = legacy_id()
    username: str = described("Unique, and shown to everybody. Not the email to sign in with.")
    name: str | None = described("The name by which the user wants to be called; null if the user gave none.")

    @listed(Connection["Publication"])
    def publications(self, page: PageOf) -> PageKey:
        """The publications that this user owns, oldest first."""
        return PageKey(PUBLICATIONS_OF_USER, page(), self.row.id)

    @loaded(
        InsightByUser,
        strawberry.LazyType("UserInsight", "graph.types.insight") | None,
    )
    def insight(self) -> int:
        """What is known of the user beyond the account; null if the user has no insight."""
        return self.row.id

    @domain_aliases_for([Access.SELF])
    def domain_aliases(self) -> int:
        """Other names of the sites that show the user's publications, profile and works, in alphabetical
        order."""
        return self.row.tenant_id

    @listed(Connection[AuthenticationKey] | None, requires=[Access.SELF])
    def authentication_keys(self, page: PageOf) -> PageKey:
        """The keys by which programs sign in as this user, oldest first. Those that ended are kept for 30
        days at least."""
        return PageKey(people_lists.KEYS_OF_USER, page(), self.row.id)

    linked_identities = of_user

    @listed(_Appointments | None, requires=[Access.SELF])
    def booked_appointments(self, page: PageOf) -> PageKey:
        """The appointments that this user booked, in the order in which they were booked."""
        return PageKey(people_lists.APPOINTMENTS_OF_USER, page(), self.row.id)

    @listed(_Appointments | None, requires=[Access.SELF])
    def received_appointments(self, page: PageOf) -> PageKey:
        """The appointments of all publications that this user owns, in the order in which they were
        booked."""
        return PageKey(people_lists.APPOINTMENTS_FOR_OWNER, page(), self.row.id)

    @listed(_Comments | None, requires=[Access.SELF])
    def received_comments(self, page: PageOf) -> PageKey:
        """The comments on all publications that this user owns, oldest first."""
        return PageKey(people_lists.COMMENTS_FOR_OWNER, page(), self.row.id)

    @listed(Invitations | None, requires=[Access.SELF])
    def invitations(self, info: Info, page: PageOf) -> PageKey:
        """The invitations that wait for this user's answer, in the order in which they were sent."""
        return received_by(info.context, self.row, page())

    audit_trail = of_account

    @classmethod
    def of(cls, row: UserRow) -> Self:
        return with_row(cls, row)


@shows(PublicationRow)
@of_row(Kind.PUBLICATION)
@strawberry.type(
    description="A studio's public page. Its figures are only for its makers: its owner and its co-creators.",
    directives=[A_MINUTE],
)
class Publication(Node):
    row: strawberry.Private[PublicationRow]
    legacy_id: LegacyId = legacy_id()
    name: str = described("What its makers call it. Not unique.")
    custom_url: str = described("Its unique name in addresses, such as `ai-research-studio`.")
    created_at: datetime = described("When it was made here.")
    allow_bookings: bool = described("Whether appointments with its makers can be booked.")

    @loaded(UserById, User)
    def owner(self) -> int:
        """The user that the publication belongs to."""
        return self.row.owner_id

    @loaded(
        CoCreators,
        list[User],
        costs=list_of(MOST_CO_CREATORS),
    )
    def co_creators(self) -> int:
        """The users who make it together with its owner, in the order in which they joined."""
        return self.row.id

    @listed(Connection[Experience])
    def experiences(
        self,
        page: PageOf,
        type: Annotated[ExperienceType | None, argument("Only those of this type; all when null.")] = None,
    ) -> PageKey:
        """Its published experiences, oldest first."""
        return PageKey(EXPERIENCES_OF_PUBLICATION, page(), self.row.id, type)

    @listed(_Appointments | None, requires=MAKERS)
    def appointments(self, page: PageOf) -> PageKey:
        """The appointments with its makers, in the order in which they were booked."""
        return PageKey(people_lists.APPOINTMENTS_OF_PUBLICATION, page(), self.row.id)

    @listed(_Comments | None, requires=MAKERS)
    def comments(self, page: PageOf) -> PageKey:
        """The comments on it, oldest first."""
        return PageKey(people_lists.COMMENTS_OF_PUBLICATION, page(), self.row.id)

    @listed(Invitations | None, requires=[Access.OWNER])
    def invitations(self, info: Info, page: PageOf) -> PageKey:
        """The invitations to make it together with its owner that were not accepted and have not expired, in
        the order in which they were sent."""
        return sent_by_publication(info.context, self.row, page())

    audit_trail = of_publication

    @loaded(
        ExperienceCountsOfPublication,
        ExperienceCounts | None,
        of=ExperienceCounts.of,
        of_all=ExperienceCounts.of_all,
        requires=MAKERS,
    )
    def experience_counts(self) -> int:
        """How many experiences it has published, by type."""
        return self.row.id

    @loaded(
        EngagementOfPublication,
        EngagementMetrics | None,
        of=EngagementMetrics.of,
        of_all=EngagementMetrics.of_all,
        requires=MAKERS,
        costs=SEVERAL_STATEMENTS,
    )
    def metrics(
        self,
        info: Info,
        range: Annotated[
            DateRange | None,
            argument("The range that is covered. Both ends are included, to the second. All time when null."),
        ] = None,
        time_zone: Annotated[
            TimeZone | None,
            argument(
                "The time zone in which days and local times of `range` are read, and in whose calendar "
                "`previous` is found; UTC when null."
            ),
        ] = UTC,
    ) -> CachedKey[EngagementKey]:
        """What people did with the publication, of all time or within a range. All fields of an answer
        count the same events."""
        if range is None:
            return metrics.key_of_all_time(self.row, time_zone)
        return metrics.engagement_key(self.row, info.context.limits, (range.start, range.end), time_zone)

    @loaded(
        SharedFiguresOfPublication,
        list[SharedFigure] | None,
        costs=[SEVERAL_STATEMENTS, list_of(len(PublicFigure))],
    )
    def shared_figures(self) -> SharedKey | None:
        """The figures that the owner shows to everybody, in the owner's order; null if the owner shows none,
        which is so until `updatePublication` says otherwise. `/embed/publication/{id}` shows them as a page,
        and `/embed/publication/{id}.svg` the first three as a badge."""
        return shared_key(self.row)

    @loaded(
        SocialCountsByUser,
        SocialMetrics | None,
        requires=MAKERS,
    )
    def social_metrics(self) -> int:
        """How many users follow the publication's owner, and how many the owner follows."""
        return self.row.owner_id

    @loaded(
        PublicationSeries,
        ViewSeries | None,
        of=ViewSeries.of,
        requires=MAKERS,
        costs=[SEVERAL_STATEMENTS, A_SERIES],
    )
    @_over_time
    async def views(self, info: Info, series: Given) -> PublicationSeriesKey:
        """Views of the publication over time, up to this moment."""
        return await metrics.publication_series_key(self.row, info.context, action=Action.VIEW, **series)

    @loaded(
        PublicationSeries,
        ActionSeries | None,
        of=ActionSeries.of,
        requires=MAKERS,
        costs=[SEVERAL_STATEMENTS, A_SERIES],
    )
    @_over_time
    async def actions(
        self,
        info: Info,
        action: Annotated[PublicationAction, argument("Which action is counted.")],
        series: Given,
    ) -> PublicationSeriesKey:
        """What people did with the publication over time, up to this moment, and what of it they took
        back."""
        return await metrics.publication_series_key(self.row, info.context, action=action.value, **series)

    @classmethod
    def of(cls, row: PublicationRow) -> Self:
        return with_row(cls, row)
