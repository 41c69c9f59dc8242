"""Jobs that the server runs by itself, beside answering requests."""

import logging
from asyncio import create_task, gather, sleep
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from auth.expired import forget_expired
from auth.ledger import forget_full
from database import ensure_partitions
from ingest.unused_domains import drop_unused_domains
from resolvers.context import Services
from server.time_zone_changes import adopt_rules

log = logging.getLogger("viewgraph")


class Chore(NamedTuple):
    """A job that every worker runs when it starts, and then in each period. Running it twice does no harm."""

    name: str
    period: timedelta
    work: Callable[[Services], Awaitable[object]]
    is_first: bool = False
    """Whether the server answers no request before it has tried this job once."""


async def refresh_due(services: Services) -> None:
    """Asks other networks for old figures. Only the worker that holds the lease of a network asks it."""
    if services.refresher:
        await services.refresher.refresh_due()


CHORES = (
    Chore(
        "Partitions for the months to come",
        timedelta(days=1),
        lambda services: ensure_partitions(services.database, services.clock()),
        # The database would refuse an event while it makes the event's partition.
        is_first=True,
    ),
    Chore(
        "Destruction of old salts",
        timedelta(hours=1),
        lambda services: services.salts.destroy_old(services.clock()),
    ),
    Chore(
        "Deletion of rate limits that nobody uses any more",
        timedelta(hours=1),
        lambda services: forget_full(services.database, services.clock()),
    ),
    Chore(
        "Deletion of sign-ins and links that have expired",
        timedelta(hours=1),
        lambda services: forget_expired(services.database, services.clock()),
    ),
    Chore(
        "Deletion of domains under which nothing is counted",
        timedelta(days=1),
        lambda services: drop_unused_domains(services.database, services.clock()),
    ),
    Chore("Search for days that newer time zone rules moved", timedelta(days=1), adopt_rules),
    Chore("Refresh of figures of other networks", timedelta(minutes=5), refresh_due),
)


@asynccontextmanager
async def background_jobs(services: Services) -> AsyncIterator[None]:
    """Runs all jobs until the block ends."""
    for chore in CHORES:
        if chore.is_first:
            await _do(chore, services)
    tasks = [create_task(_repeat(chore, services)) for chore in CHORES]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await gather(*tasks, return_exceptions=True)


async def _repeat(chore: Chore, services: Services) -> None:
    if not chore.is_first:
        await _do(chore, services)
    while True:
        await sleep(chore.period.total_seconds())
        await _do(chore, services)


async def _do(chore: Chore, services: Services) -> None:
    try:
        await chore.work(services)
    except Exception:
        log.exception("%s failed, and is tried again later", chore.name)
