"""Jobs that the server runs by itself, beside answering requests."""

import logging
from asyncio import Event, create_task, gather, timeout, wait
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import NamedTuple

from auth.expired import forget_expired_sign_ins
from auth.ledger import forget_full
from database import ensure_partitions
from ingest.deletions.work import delete_buried, forget_free_urls
from ingest.folding import fold_all
from ingest.retention import keep_to
from ingest.tenants import tenants_with_events
from ingest.unused_domains import drop_unused_domains
from resolvers.context import Services
from resolvers.sent_invitations import forget_expired_invitations
from server.time_zone_changes import adopt_rules

log = logging.getLogger("viewgraph")

_LAST_SECONDS = 2
"""How long a job may go on when the server ends. What is not done by then is done later."""


class Chore(NamedTuple):
    """A job that every worker runs when it starts, and then in each period. Running it twice does no harm."""

    name: str
    period: timedelta
    work: Callable[[Services], Awaitable[object]]
    is_first: bool = False
    """Whether the server answers no request before it has tried this job once."""
    waits: bool = False
    """Whether a period passes before it is run for the first time."""


async def refresh_due(services: Services) -> None:
    """Asks other networks for old figures. Only the worker that holds the lease of a network asks it."""
    if services.refresher:
        await services.refresher.refresh_due()


async def delete_what_is_old(services: Services) -> None:
    """As the settings say."""
    if services.retention.is_for_ever:
        return
    tenants = await tenants_with_events(services.database)
    await keep_to(services.database, tenants, services.clock(), services.retention)


async def fold_days(services: Services) -> None:
    """Only one process does so for a tenant at a time."""
    await fold_all(services.database, services.clock)


async def delete_what_is_buried(services: Services) -> None:
    """Only one of all workers does so at a time."""
    await delete_buried(services.database, services.topics, services.clock)


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
        "Deletion of invitations that have expired",
        timedelta(hours=1),
        lambda services: forget_expired_invitations(services.database, services.clock()),
    ),
    Chore(
        "Deletion of sign-ins and links that have expired",
        timedelta(hours=1),
        lambda services: forget_expired_sign_ins(services.database, services.clock()),
    ),
    Chore(
        "Deletion of domains under which nothing is counted",
        timedelta(days=1),
        lambda services: drop_unused_domains(services.database, services.clock()),
    ),
    Chore(
        "Storing of the last use of keys", timedelta(minutes=1), lambda services: services.key_uses.write()
    ),
    # Servers of an older version, which do not know these totals, have an hour to end after an upgrade.
    Chore("Folding of past days into totals by the hour", timedelta(hours=1), fold_days, waits=True),
    Chore("Deletion of what nobody finds any more", timedelta(seconds=5), delete_what_is_buried),
    Chore("Deletion of events and totals that are old", timedelta(days=1), delete_what_is_old),
    Chore(
        "Deletion of custom URLs that are free again",
        timedelta(hours=1),
        lambda services: forget_free_urls(services.database, services.clock()),
    ),
    Chore("Search for days that newer time zone rules moved", timedelta(days=1), adopt_rules),
    Chore("Refresh of figures of other networks", timedelta(minutes=5), refresh_due),
)


@asynccontextmanager
async def background_jobs(services: Services, more: Sequence[Chore] = ()) -> AsyncIterator[None]:
    """Runs all jobs, and `more` of them, until the block ends."""
    chores = (*CHORES, *more)
    for chore in chores:
        if chore.is_first:
            await _do(chore, services)
    end = Event()
    tasks = [create_task(_repeat(chore, services, end)) for chore in chores]
    try:
        yield
    finally:
        end.set()
        _, late = await wait(tasks, timeout=_LAST_SECONDS)
        for task in late:
            task.cancel()
        await gather(*tasks, return_exceptions=True)


async def _repeat(chore: Chore, services: Services, end: Event) -> None:
    is_due = not (chore.is_first or chore.waits)
    while not end.is_set():
        if is_due:
            await _do(chore, services)
        is_due = True
        with suppress(TimeoutError):
            async with timeout(chore.period.total_seconds()):
                await end.wait()


async def _do(chore: Chore, services: Services) -> None:
    try:
        await chore.work(services)
    except Exception:
        log.exception("%s failed, and is tried again later", chore.name)
