"""Writes a batch of events in one transaction, and in smaller ones where the database refuses it."""

import logging
import sqlite3
from asyncio import get_running_loop
from collections import defaultdict
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from base.errors import Conflict
from base.retries import Backoff, retried
from base.sketches import sketching
from database import Bulk, Database, fault_of
from ingest.domain_caps import DomainCaps
from ingest.event_columns import EventColumns
from ingest.publication_revisions import raise_revisions
from ingest.segments import Segments
from ingest.store import Gone, Stored, store_in_bulk
from ingest.topics import Topics, topics_of

log = logging.getLogger("viewgraph")

_OF_THE_DATABASE = (OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError)
_OF_THE_EVENTS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
)
"""Errors of the database that are about what was to be written."""
_BACKOFF = Backoff(0.05, 1.0)


class StoreResult(IntEnum):
    """What the database did with an event."""

    NEW = 1
    KNOWN = 2
    """The event was stored before."""
    REFUSED = 3
    """The database refuses this event, whatever is written beside it."""
    GONE = 4
    """Its subject was deleted meanwhile."""


_RESULTS: dict[Stored, StoreResult | None] = {
    True: StoreResult.NEW,
    False: StoreResult.KNOWN,
    Gone.GONE: StoreResult.GONE,
    None: None,
}


class Batch(NamedTuple):
    events: EventColumns
    refreshed: Sequence[int]
    """The ids of publications whose makers have to see this at once."""
    seconds: float
    """How long the database may take, with all attempts."""
    seconds_away: float
    """How long the database may be away."""

    def of_tenants(self) -> list[tuple[list[int], "Batch"]]:
        """A batch for each tenant, with the places of its events in this one."""
        places: defaultdict[int, list[int]] = defaultdict(list)
        for place, tenant_id in enumerate(self.events.tenant_ids):
            places[tenant_id].append(place)
        return [(of_tenant, self._only(of_tenant)) for of_tenant in places.values()]

    def _only(self, places: list[int]) -> "Batch":
        events = self.events.at(places)
        subjects = set(events.subject_ids)
        return self._replace(events=events, refreshed=[id for id in self.refreshed if id in subjects])

    def halves(self) -> tuple["Batch", "Batch"]:
        count = self.events.size
        middle = count // 2
        return (
            self._replace(events=self.events.between(0, middle)),
            self._replace(events=self.events.between(middle, count)),
        )


class BatchWriter:
    """Announces to `topics` what was counted."""

    def __init__(self, database: Database, topics: Topics, caps: DomainCaps) -> None:
        self._database = database
        self._topics = topics
        self._caps = caps
        self.import_id: int | None = None
        """The number of the import whose events are written; None if they are of no import."""
        self._segments = Segments()

    async def write(self, batch: Batch) -> list[StoreResult | None]:
        """The result of each event; None if its tenant is locked, so that it was not written.

        A cluster gets a transaction for each tenant: one for eight tenants took 20 to 45 times as long.
        Raises what the database raises while it is away, and CONFLICT if the import is being undone.
        """
        if not self._database.is_cluster:
            return await self._written(batch)
        time = get_running_loop().time
        deadline = time() + batch.seconds
        results: list[StoreResult | None] = [None] * batch.events.size
        for places, of_tenant in batch.of_tenants():
            written = await self._written(of_tenant._replace(seconds=max(0.0, deadline - time())))
            for place, result in zip(places, written, strict=True):
                results[place] = result
        return results

    async def _written(self, batch: Batch) -> list[StoreResult | None]:
        try:
            return await self._stored(batch)
        except Exception as error:
            if _is_of_all(error):
                raise
            log.warning(
                "A batch of %d events was refused and is taken apart", batch.events.size, exc_info=error
            )
        return await self._stored_apart(batch)

    async def _stored_apart(self, batch: Batch) -> list[StoreResult | None]:
        """Writes halves, and halves of these, until each event that the database refuses is alone."""
        if batch.events.size == 1:
            return [StoreResult.REFUSED]
        results: list[StoreResult | None] = []
        for half in batch.halves():
            try:
                results += await self._stored(half)
            except Exception as error:
                if _is_of_all(error):
                    raise
                results += await self._stored_apart(half)
        return results

    async def _stored(self, batch: Batch) -> list[StoreResult | None]:
        """Writes the batch. While the database is away it tries again, as long as callers have patience."""
        time = get_running_loop().time
        began = time()
        deadline = began + batch.seconds
        last_attempt = began + min(batch.seconds, batch.seconds_away)

        async def attempt(number: int) -> list[Stored]:
            are_new = await self._store_once(batch, deadline - time())
            # An earlier attempt may have stored them, although its answer was lost.
            changed = batch.events.where(are_new) if number == 1 else batch.events
            self._topics.announce(topics_of(changed))
            return are_new

        def pause_after(error: Exception, number: int) -> float | None:
            pause = _BACKOFF.pause(number)
            if not is_passing(error) or time() + pause > last_attempt:
                return None
            log.warning("The database is away, trying again: %s", error)
            return pause

        return list(map(_RESULTS.__getitem__, await retried(attempt, pause_after)))

    async def _store_once(self, batch: Batch, seconds: float) -> list[Stored]:
        async def written(bulk: Bulk) -> list[Stored]:
            if batch.refreshed:
                await raise_revisions(bulk, batch.refreshed)
            return await store_in_bulk(bulk, batch.events, self._caps, self.import_id, self._segments)

        await sketching.ready()
        return await self._database.in_bulk(written, seconds=seconds)


def _is_of_all(error: BaseException) -> bool:
    """Whether no part of the batch could be written either."""
    return isinstance(error, Conflict) or is_passing(error)


def is_passing(error: BaseException) -> bool:
    """Whether the error is about the database's state, and not about what was to be written."""
    if fault_of(error):
        return True
    if isinstance(error, DBAPIError) and error.orig is not None:
        return is_passing(error.orig)
    if isinstance(error, asyncpg.CheckViolationError) and error.constraint_name is None:
        # A partition for the event's month was made meanwhile. The next attempt writes the event there.
        return True
    # If SQLAlchemy raises an error in place of the driver's, the driver's error is its cause.
    if isinstance(error, _OF_THE_EVENTS) or isinstance(error.__cause__, _OF_THE_EVENTS):
        return False
    return isinstance(error, _OF_THE_DATABASE) or isinstance(error.__cause__, _OF_THE_DATABASE)
