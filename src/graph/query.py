from asyncio import gather
from typing import Annotated

import strawberry

from base.errors import BadUserInput
from graph.directives import A_MINUTE, AN_HOUR, PERSONAL
from graph.enums import OrderDirection
from graph.fields import argument, described, field, loaded, personal
from graph.info import Info
from graph.inputs import PublicationOrder, UserBy
from graph.nodes import node, node_or_error
from graph.types.assets import Asset, Organization, Workspace
from graph.types.connection import After, Before, Connection, First, Last, connection_of
from graph.types.insight import UserInsight
from graph.types.node import Node
from graph.types.publication import Publication, User
from loaders.listings import ALL_PUBLICATIONS
from loaders.pages import PageKey
from resolvers import insights, organizations, people
from resolvers.ids import find_user
from resolvers.pages import page_of
from resolvers.publications import publication_by_url


@strawberry.type(description="What one request may ask for.", directives=[AN_HOUR])
class Limits:
    max_page_size: int = described("The most that `first` and `last` may ask for.")
    max_range_days: int = described("The widest range, in days.")
    max_events: int = described("The most events that `recordEvents` takes at once.")
    max_nodes: int = described("The most ids that `nodes` takes at once.")


@strawberry.type(description="What can be asked.")
class Query:
    @personal
    async def node(self, info: Info, id: Annotated[strawberry.ID, argument("A global id.")]) -> Node | None:
        """Any object by its global id; null with the error NOT_FOUND when there is none that the viewer may
        know of."""
        return await node(info.context, id)

    @personal
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], argument("Global ids.")]
    ) -> list[Node | None]:
        """Objects by their global ids, in order; null with the error NOT_FOUND in the place of each that the
        viewer may not know of."""
        if len(ids) > info.context.limits.page_size:
            raise BadUserInput(
                f"At most {info.context.limits.page_size} ids at once.", argument="ids", reason="TOO_MANY_IDS"
            )
        return list(await gather(*(node_or_error(info.context, id) for id in ids)))  # type: ignore[arg-type]

    @personal
    async def viewer(self, info: Info) -> User | None:
        """The signed-in user; null when anonymous."""
        row = await people.viewer(info.context)
        return User.of(row) if row else None

    @field
    def limits(self, info: Info) -> Limits:
        """What one request may ask for."""
        limits = info.context.limits
        return Limits(
            max_page_size=limits.page_size,
            max_range_days=limits.range_days,
            max_events=limits.events,
            max_nodes=limits.page_size,
        )

    @field
    async def publication(
        self, info: Info, url: Annotated[str, argument("The publication's `customUrl`.")]
    ) -> Publication | None:
        """A publication by its custom URL; null with the error NOT_FOUND when there is none."""
        return Publication.of(await publication_by_url(info.context, url))

    @loaded(
        lambda loaders: loaders.pages,
        connection_of(Publication.of),
        Connection[Publication],
        cached=A_MINUTE,
    )
    def publications(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        order_by: Annotated[PublicationOrder | None, argument("Oldest first when null.")] = None,
    ) -> PageKey:
        """All publications."""
        page = page_of(
            info.context.limits,
            first=first,
            after=after,
            last=last,
            before=before,
            order=order_by.field.value if order_by else "created_at",
            descending=order_by is not None and order_by.direction is OrderDirection.DESC,
        )
        return PageKey(ALL_PUBLICATIONS, page)

    @field
    async def user(self, info: Info, by: Annotated[UserBy, argument("Which user.")]) -> User | None:
        """A user; null with the error NOT_FOUND when there is none."""
        if by.id is not None:
            return User.of(await find_user(info.context, by.id))
        return User.of(await people.user_by_username(info.context, by.username or ""))

    @field
    async def user_insight(
        self, info: Info, user_id: Annotated[strawberry.ID, argument("The user's global id.")]
    ) -> UserInsight | None:
        """What is known of a user; null with the error NOT_FOUND when nothing was told."""
        return UserInsight.of(await insights.insight_of(info.context, user_id))

    @loaded(
        lambda loaders: loaders.pages,
        connection_of(Organization.of),
        Connection[Organization],
        cached=PERSONAL,
    )
    def organizations(self, info: Info, first: First = None, after: After = None) -> PageKey:
        """The organizations that the viewer belongs to, oldest first; with a token for one, that one."""
        page = page_of(info.context.limits, first=first, after=after)
        return organizations.organizations_key(info.context, page)

    @personal
    async def organization(
        self, info: Info, id: Annotated[strawberry.ID, argument("The organization's global id.")]
    ) -> Organization | None:
        """An organization that the viewer belongs to; null with the error NOT_FOUND for any other."""
        return Organization.of(await organizations.find_organization(info.context, id))

    @personal
    async def workspace(
        self, info: Info, id: Annotated[strawberry.ID, argument("The workspace's global id.")]
    ) -> Workspace | None:
        """A workspace that the viewer may enter; null with the error NOT_FOUND for any other."""
        return Workspace.of(await organizations.find_workspace(info.context, id))

    @personal
    async def asset(
        self, info: Info, id: Annotated[strawberry.ID, argument("The asset's global id.")]
    ) -> Asset | None:
        """An asset in a workspace that the viewer may enter; null with the error NOT_FOUND for any other."""
        return Asset.of(await organizations.find_asset(info.context, id))
