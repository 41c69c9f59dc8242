from asyncio import gather
from typing import Annotated

import strawberry

from base.errors import BadUserInput
from graph.directives import A_MINUTE, AN_HOUR, PERSONAL, list_of
from graph.enums import OrderDirection
from graph.fields import argument, costly, described, field, personal
from graph.info import Info
from graph.inputs import PublicationOrder, UserBy
from graph.nodes import node, node_or_error
from graph.types.assets import Asset, Organization, Workspace
from graph.types.connection import Connection, PageOf, listed
from graph.types.insight import UserInsight
from graph.types.node import Node
from graph.types.publication import Publication, User
from graph.types.rates import RateLimit
from loaders.listings import ALL_PUBLICATIONS
from loaders.pages import PageKey
from resolvers import insights, organizations, people
from resolvers.ids import find_user
from resolvers.publications import publication_by_url


@strawberry.type(
    description="What one request may ask for at most, by the server's settings. More is BAD_USER_INPUT, "
    "unless a field names another error.",
    directives=[AN_HOUR],
)
class Limits:
    max_page_size: int = described("The most objects that `first` and `last` may ask for.")
    max_range_days: int = described("The most days that a range may cover.")
    max_events: int = described(
        "The most events that `recordEvents` takes at once, and the most ids that `removeEvents` takes."
    )
    max_nodes: int = described("The most ids that `nodes` takes at once.")
    max_cost: int = described(
        "The most that an operation may cost, by `@cost`, `@listSize` and `@seriesSize`. More is "
        "COST_ESTIMATED_TOO_EXPENSIVE."
    )
    max_points: int = described(
        "The most points that all series of an operation may have together, by `@seriesSize`. More is "
        "COST_ESTIMATED_TOO_EXPENSIVE."
    )


@strawberry.type(
    description=(
        "What can be asked. A field that fails is null if it may be null, with an error at its path; the "
        "fields beside it are not affected."
    )
)
class Query:
    @personal
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, argument("The global id of an object of any type.")]
    ) -> Node | None:
        """Any object by its global id; null with the error NOT_FOUND if there is none, or if the viewer
        may not know of it."""
        return await node(info.context, id)

    @costly(list_of(100, "ids"), cached=PERSONAL)
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            argument("Global ids of objects of any type, at most `limits.maxNodes`."),
        ],
    ) -> list[Node | None]:
        """Objects by their global ids, in the same order. In place of an object that is not there, or that
        the viewer may not know of, there is null with the error NOT_FOUND."""
        if len(ids) > info.context.limits.page_size:
            raise BadUserInput(
                f"At most {info.context.limits.page_size} ids at once.", argument="ids", reason="TOO_MANY_IDS"
            )
        return list(await gather(*(node_or_error(info.context, id) for id in ids)))  # type: ignore[arg-type]

    @personal
    async def viewer(self, info: Info) -> User | None:
        """The user who is signed in; null if nobody is. With a token that is not valid it is null, with
        the error UNAUTHENTICATED."""
        row = await people.viewer(info.context)
        return User.of(row) if row else None

    @field
    def limits(self, info: Info) -> Limits:
        """The most that one request may ask for. A client can read it once, and stay below."""
        limits = info.context.limits
        return Limits(
            max_page_size=limits.page_size,
            max_range_days=limits.range_days,
            max_events=limits.events,
            max_nodes=limits.page_size,
            max_cost=limits.cost,
            max_points=limits.points,
        )

    @personal
    def rate_limit(self, info: Info) -> RateLimit | None:
        """How much the viewer may still spend on queries. The headers of each answer say the same. Null if
        there is no limit."""
        return RateLimit.of(info.context)

    @field
    async def publication(
        self,
        info: Info,
        url: Annotated[str, argument("The publication's `customUrl`, in exactly that spelling.")],
    ) -> Publication | None:
        """A publication by its custom URL; null with the error NOT_FOUND if there is none."""
        return Publication.of(await publication_by_url(info.context, url))

    @listed(Connection[Publication], cached=A_MINUTE)
    def publications(
        self,
        page: PageOf,
        order_by: Annotated[
            PublicationOrder | None, argument("What they are sorted by; oldest first when null.")
        ] = None,
    ) -> PageKey:
        """All publications."""
        if order_by is None:
            return PageKey(ALL_PUBLICATIONS, page())
        descending = order_by.direction is OrderDirection.DESC
        return PageKey(ALL_PUBLICATIONS, page(order=order_by.field.value, descending=descending))

    @field
    async def user(
        self, info: Info, by: Annotated[UserBy, argument("The user's global id, or username.")]
    ) -> User | None:
        """A user by global id or username; null with the error NOT_FOUND if there is none."""
        if by.id is not None:
            return User.of(await find_user(info.context, by.id))
        return User.of(await people.user_by_username(info.context, by.username or ""))

    @field
    async def user_insight(
        self, info: Info, user_id: Annotated[strawberry.ID, argument("The user's global id.")]
    ) -> UserInsight | None:
        """What is known of a user beyond the account; null with the error NOT_FOUND if there is no such
        user, or if the user has no insight."""
        return UserInsight.of(await insights.insight_of(info.context, user_id))

    @listed(Connection[Organization], cached=PERSONAL)
    def organizations(self, info: Info, page: PageOf) -> PageKey:
        """The organizations that the viewer belongs to, oldest first. With a token for one organization,
        only that one. UNAUTHENTICATED if nobody is signed in."""
        return organizations.organizations_key(info.context, page())

    @personal
    async def organization(
        self, info: Info, id: Annotated[strawberry.ID, argument("The organization's global id.")]
    ) -> Organization | None:
        """An organization that the viewer belongs to. For any other it is null, with the error NOT_FOUND;
        if nobody is signed in, with UNAUTHENTICATED."""
        return Organization.of(await organizations.find_organization(info.context, id))

    @personal
    async def workspace(
        self, info: Info, id: Annotated[strawberry.ID, argument("The workspace's global id.")]
    ) -> Workspace | None:
        """A workspace that the viewer may enter. For any other it is null, with the error NOT_FOUND; if
        nobody is signed in, with UNAUTHENTICATED."""
        return Workspace.of(await organizations.find_workspace(info.context, id))

    @personal
    async def asset(
        self, info: Info, id: Annotated[strawberry.ID, argument("The asset's global id.")]
    ) -> Asset | None:
        """An asset in a workspace that the viewer may enter. For any other it is null, with the error
        NOT_FOUND; if nobody is signed in, with UNAUTHENTICATED."""
        return Asset.of(await organizations.find_asset(info.context, id))
