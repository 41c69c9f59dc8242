"""Subscriptions: what is sent again whenever it may have changed."""

from asyncio import sleep
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from base.errors import BadUserInput, Unavailable
from base.ids import Kind
from database import current_usage
from ingest.topics import Topic, Watch
from loaders.assets import AssetRow
from loaders.publications import PublicationById, PublicationRow
from models import SubjectKind
from resolvers.context import Context
from resolvers.ids import no_such
from resolvers.organizations import find_asset
from resolvers.publications import publication_by_url

R = TypeVar("R")

_LONGEST_INTERVAL = 3_600
_AGAIN_SECONDS = 1.0


async def live_publication(context: Context, url: str, seconds: int | None) -> AsyncGenerator[PublicationRow]:
    """Gives the publication at once, and again whenever its metrics may have changed, at most once in so
    many seconds."""
    interval = _interval(seconds)
    first = await publication_by_url(context, url)
    topics = (Topic(SubjectKind.PUBLICATION, first.id), Topic(SubjectKind.PROFILE, first.owner_id))

    async def read() -> PublicationRow:
        # By its id: its URL may have changed.
        row = await context.loaders[PublicationById].load(first.id)
        return _there(row, Kind.PUBLICATION)

    return _changes(context, topics, interval, read)


async def live_asset(context: Context, id: str, seconds: int | None) -> AsyncGenerator[AssetRow]:
    """The same for an asset. It ends with NOT_FOUND when the viewer may no longer know of it."""
    interval = _interval(seconds)
    first = await find_asset(context, id)
    return _changes(context, (Topic(SubjectKind.ASSET, first.id),), interval, lambda: find_asset(context, id))


async def _changes(
    context: Context, topics: tuple[Topic, ...], interval: int, read: Callable[[], Awaitable[R]]
) -> AsyncGenerator[R]:
    with context.services.topics.watch(*topics) as watch:
        context.watch = watch
        await context.take_turn()
        row = await read()
        while True:
            yield row
            await sleep(interval)
            row = await _next(context, watch, read)


async def _next(context: Context, watch: Watch, read: Callable[[], Awaitable[R]]) -> R:
    """The row after a change. While the database is away, this tries again, because no other change may
    come."""
    while True:
        await watch.change()
        await context.spend_when_affordable()
        await context.take_turn()
        # Now, so that a change while the figures are read wakes it again.
        watch.forget()
        try:
            await context.renew()
            return await read()
        except Unavailable:
            if current_usage().is_abandoned:
                raise
            context.end_turn()
            watch.wake()
            await sleep(_AGAIN_SECONDS)


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
