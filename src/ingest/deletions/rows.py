"""Deletes rows of a table, some at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from database import Bulk, Database, Statement
from ingest.deletions.lease import Lease
from ingest.deletions.pace import Pace
from ingest.deletions.ranges import Place, Ranges
from ingest.tenants import wait_for_tenant
from ingest.topics import Topics, touched


class Rows:
    """What a deletion takes away, in transactions of a few milliseconds each."""

    def __init__(self, database: Database, topics: Topics, lease: Lease, pace: Pace) -> None:
        self.database = database
        self.topics = topics
        self.lease = lease
        self.pace = pace

    async def delete(self, ranges: Ranges, **given: Any) -> None:
        """Deletes all rows of the ranges. `given`: their parameters."""
        for first in await self.database.fetch(ranges.first, **given):
            start: Place | None = first
            while start is not None:
                start = await self._delete_range(ranges, start, given)

    async def _delete_range(self, ranges: Ranges, start: Place, given: dict[str, Any]) -> Place | None:
        """Returns where the next range begins; None after the last one."""
        given = {**given, **ranges.given("start", start)}
        async with self.pace.turn():
            stops = await self.database.fetch(ranges.next, rows=self.pace.size, **given)
            for stop in stops:
                given |= ranges.given("stop", stop)
            statement = ranges.deleted if stops else ranges.deleted_last
            deleted, seconds = await self.database.in_background(partial(_deleted, statement, given))
        if stops:
            self.pace.fit(seconds)
        await self.lease.count(deleted)
        return stops[0] if stops else None

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[AsyncSession]:
        """A unit of work on which answers depend. It wakes those who watch what it touches."""
        async with self.pace.turn():
            async with self.database.writing() as session:
                yield session
            self.topics.announce(touched(session))


async def _deleted(statement: Statement[Any], given: dict[str, Any], bulk: Bulk) -> int:
    """Whoever has locked a tenant alone reads and changes its rows, and nobody else does meanwhile."""
    if "tenant" in given:
        await wait_for_tenant(bulk, given["tenant"])
    return await bulk.delete(statement, **given)
