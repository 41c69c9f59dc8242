"""Days that newer time zone rules moved: the server logs them when it starts, and commands mend them."""

import logging
from collections.abc import Callable
from contextlib import suppress

from database import Database, channel_of
from ingest.moved_days import Mended, adopt, mend, tenants_by_other_rules
from ingest.tenants import TenantGone
from ingest.topics import announce_everything
from resolvers.context import Services

log = logging.getLogger("viewgraph")

_MOST_LOGGED = 20

ShowLine = Callable[[str], object]
"""Shows a line to the user of a command."""


async def adopt_rules(services: Services) -> None:
    """Lets tenants take this server's time zone rules, and logs those whose days with events would move."""
    logged = 0
    for id, name in (await tenants_by_other_rules(services.database)).items():
        try:
            found = await adopt(services.database, id)
        except TenantGone:
            continue
        if found is None:
            continue
        logged += 1
        if logged <= _MOST_LOGGED:
            log.warning("%s", found.words(name))
    if logged > _MOST_LOGGED:
        log.warning("The same is true of %d more tenants.", logged - _MOST_LOGGED)


async def mend_all(database: Database, show: ShowLine) -> None:
    """Mends all tenants whose days were not made by the rules of this process."""
    rows = 0
    for id, name in (await tenants_by_other_rules(database)).items():
        with suppress(TenantGone):
            rows += await mend_one(database, id, name, show)
    if rows:
        await announce_everything(channel_of(database.url))


async def mend_one(database: Database, id: int, name: str, show: ShowLine) -> int:
    """Returns the number of mended totals."""
    done = await mend(database, id)
    if done.days:
        show(_words(name, done))
    return done.rows


def _words(name: str, done: Mended) -> str:
    days = f"{done.days:,} {'day' if done.days == 1 else 'days'}"
    words = f"{name}: {days} of older time zone rules counted anew, totals mended: {done.rows:,}."
    if done.pruned_before:
        words += f" Days before {done.pruned_before} were pruned, and stay as they are."
    return words
