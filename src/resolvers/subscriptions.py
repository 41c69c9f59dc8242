"""Subscriptions: what is sent again whenever it may have changed."""

from collections.abc import AsyncGenerator
from functools import partial
from typing import TypeVar

from base.errors import BadUserInput
from base.ids import Kind
from ingest.topics import Topic
from loaders.assets import AssetRow
from loaders.publications import PublicationById, PublicationRow
from models import SubjectKind
from resolvers.context import Context
from resolvers.ids import no_such
from resolvers.organizations import find_asset
from resolvers.publications import publication_by_url
from resolvers.sources import Source

R = TypeVar("R")

_LONGEST_INTERVAL = 3_600


async def live_publication(
    context: Context, url: str, seconds: int | None
) -> Source[Context, PublicationRow]:
    """The publication that has this URL now. It is shown again whenever its metrics may have changed."""
    interval = _interval(seconds)
    first = await publication_by_url(context, url)
    topics = (Topic(SubjectKind.PUBLICATION, first.id), Topic(SubjectKind.PROFILE, first.owner_id))

    async def read(context: Context) -> PublicationRow:
        # By its id: its URL may have changed.
        row = await context.loaders[PublicationById].load(first.id)
        return _there(row, Kind.PUBLICATION)

    return Source(topics, interval, read)


async def live_asset(context: Context, id: str, seconds: int | None) -> Source[Context, AssetRow]:
    """The same for an asset. To read it raises NOT_FOUND when the viewer may no longer know of it."""
    interval = _interval(seconds)
    first = await find_asset(context, id)
    return Source((Topic(SubjectKind.ASSET, first.id),), interval, partial(find_asset, id=id))


async def first_event(context: Context, source: Source[Context, R]) -> AsyncGenerator[R]:
    """Gives what the source shows now. From before it is read until the generator is closed, `context.watch`
    notes changes.
    """
    with context.services.topics.watch(*source.topics) as watch:
        await context.take_turn()
        event = await source.read(context)
        context.watch, context.source = watch, source
        yield event


def spend_again(context: Context) -> int:
    """Takes the cost of the operation again, for the next answer of a subscription. Returns 0, or takes
    nothing and returns in how many seconds to try again."""
    context.now = context.services.clock()
    cost, now = context.execution.cost or 1, context.now.timestamp()
    budget = context.services.rates.spend(context.viewer, context.address, cost, now, writes=False)
    context.execution.budget = budget
    return budget.retry_after if budget else 0


def _interval(seconds: int | None) -> int:
    if seconds is None:
        return 1
    if not 1 <= seconds <= _LONGEST_INTERVAL:
        raise BadUserInput(
            f"`atMostEverySeconds` is from 1 to {_LONGEST_INTERVAL:,}.",
            argument="atMostEverySeconds",
            reason="INVALID_INTERVAL",
        )
    return seconds


def _there(row: R | None, kind: Kind) -> R:
    if row is None:
        raise no_such(kind)
    return row
