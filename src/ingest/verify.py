"""`viewgraph verify`: compares the totals with the raw events, while events come in."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date

from base.calendar import time_zone
from database import Database
from ingest.discrepancies import discrepancies
from ingest.discrepancy_rows import Describer, DiscrepancyRow
from ingest.moved_days import MovedDays, moved_days
from ingest.recount import RecountScope
from ingest.tenants import read_tenant


class Verification:
    """Verifies one tenant on the days from `first` up to `stop`, and in the months that lie within them."""

    def __init__(self, database: Database, tenant_id: int, name: str, first: date, stop: date) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._name = name
        self._first = first
        self._stop = stop
        self.pruned_before: date | None = None
        """Days before it could not be verified. It is known once the first row is asked for."""
        self.moved: MovedDays | None = None
        """Days that were made by other time zone rules than ours. They are known at the same time."""

    async def rows(self) -> AsyncGenerator[DiscrepancyRow, None]:
        """A row for each discrepancy, by what was committed at one time and by our time zone rules."""
        async with self._database.snapshot() as connection:
            tenant = await read_tenant(connection, self._tenant_id)
            found = await moved_days(connection, tenant)
            self.moved = found.within(self._first, self._stop) if found else None
            tenant = tenant.by(time_zone(tenant.clock.time_zone))
            scope = RecountScope.whole_months(tenant, self._first, self._stop)
            self.pruned_before = scope.pruned_before(self._first)
            describer = Describer(connection, tenant, self._name)
            async with aclosing(discrepancies(connection, scope)) as differing:
                async for discrepancy in differing:
                    yield await describer.row(discrepancy)
