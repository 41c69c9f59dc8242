"""Who folds days of a tenant: a process that says so in `tenants.folding_since`, again and again."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from base.time_units import EPOCH
from ingest.columns import FOLDED, TENANTS
from ingest.tenants import TenantRow
from models import Tenant

_GIVEN_UP: Final = timedelta(minutes=10)
"""A process that has given no sign of life for so long has ended halfway."""
FOR_EVER: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""The last sign of life that a migration sets, when days have to be folded anew by this version: servers of
older ones take it for another process, and leave the tenant alone. To this one, somebody has ended halfway.
"""


class Busy(Exception):
    """Another process folds days of the tenant."""


def require_idle(folding_since: datetime | None, now: datetime) -> None:
    """Raises Busy while another process gives signs of life."""
    if folding_since is None or folding_since == FOR_EVER:
        return
    if now - folding_since < _GIVEN_UP:
        raise Busy


async def end_fold(session: AsyncSession, tenant: TenantRow, last: date = date.max) -> None:
    """Whoever folds days of the tenant, which must be locked alone, ends as Busy, because the snapshot does
    not have what is changed now. The days are folded anew later. `last`: the last day on which something is
    changed; if it is folded already, the snapshot has nothing of it.
    """
    if tenant.folding_since is not None:
        folded = await session.scalar(select(FOLDED.before).where(FOLDED.tenant_id == tenant.id))
        if folded and last < folded:
            return
        left = update(Tenant).where(TENANTS.id == tenant.id)
        # As if somebody had ended halfway, long ago.
        since = FOR_EVER if tenant.folding_since == FOR_EVER else EPOCH
        await session.execute(left.values(hours_before=folded, folding_since=since))
