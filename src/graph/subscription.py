from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, TypeVar

import strawberry

from graph.fields import argument, subscription
from graph.info import Info
from graph.types.assets import Asset
from graph.types.publication import Publication
from resolvers.subscriptions import live_asset, live_publication

R = TypeVar("R")
N = TypeVar("N")

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
        return _shown(Publication.of, await live_publication(info.context, url, at_most_every_seconds))

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
        return _shown(Asset.of, await live_asset(info.context, id, at_most_every_seconds))


async def _shown(of: Callable[[R], N], rows: AsyncGenerator[R]) -> AsyncGenerator[N]:
    async with aclosing(rows):
        async for row in rows:
            yield of(row)
