from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from graph.fields import argument, subscription
from graph.info import Info
from graph.types.assets import Asset
from graph.types.publication import Publication
from resolvers.subscriptions import first_event, live_asset, live_publication

AtMostEverySeconds = Annotated[
    int | None,
    argument("The least number of seconds between two answers, from 1 to 3600; 1 when null."),
]


@strawberry.type(
    description=(
        "What is sent again when it changes. Each answer has the newest figures, not the figures after "
        "each change. An answer that would be the same as the last one is left out."
    )
)
class Subscription:
    @subscription
    async def publication_metrics_changed(
        self,
        info: Info,
        url: Annotated[str, argument("The publication's `customUrl` when the subscription begins.")],
        at_most_every_seconds: AtMostEverySeconds = 1,
    ) -> AsyncGenerator[Publication | None, None]:
        """A publication, at once and then whenever its figures change. It is never null: if there is no
        such publication, the subscription ends with NOT_FOUND."""
        source = await live_publication(info.context, url, at_most_every_seconds)
        return first_event(info.context, source.shown(Publication.of))

    @subscription
    async def asset_metrics_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID, argument("The asset's global id.")],
        at_most_every_seconds: AtMostEverySeconds = 1,
    ) -> AsyncGenerator[Asset | None, None]:
        """An asset in a workspace that the viewer may enter, at once and then whenever its figures change.
        It is never null: the subscription ends with NOT_FOUND if it is another asset, or when the viewer
        may no longer enter the workspace."""
        source = await live_asset(info.context, id, at_most_every_seconds)
        return first_event(info.context, source.shown(Asset.of))
