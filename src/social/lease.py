"""The lease to call a network: one worker has it at a time, and makes no more calls than the quota allows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from database import Database, insert_into, table_of
from models import Network, NetworkLease
from social.errors import LeaseLost, QuotaSpent

LEASES = table_of(NetworkLease)

Clock = Callable[[], datetime]

LASTS = timedelta(minutes=5)
"""How long a lease lasts after its owner's last sign of life: much longer than a wait between two attempts.
"""
_RENEWED_AFTER = timedelta(minutes=1)
_GRANT = 100
"""How many calls are taken from the quota at a time, before they are made. If a worker dies, so many at most
stay unused.
"""


class Quota(NamedTuple):
    calls: int
    window: timedelta


class NoLease(NamedTuple):
    """Why there is no lease."""

    words: str


class Lease:
    """`take` gives one, and `release` ends it."""

    def __init__(self, database: Database, network: Network, owner: UUID, quota: Quota, clock: Clock) -> None:
        self.spent = 0
        self._database = database
        self._is_ours = (LEASES.c.network == network) & (LEASES.c.owner == owner)
        self._quota = quota
        self._clock = clock
        self._granted = 0
        self._window_ends = self._renew_at = clock()

    @classmethod
    async def take(
        cls, database: Database, network: Network, quota: Quota, clock: Clock
    ) -> "Lease | NoLease":
        now, owner = clock(), uuid4()
        async with database.writing(is_change=False) as session:
            if await _is_taken(session, network, owner, now):
                return cls(database, network, owner, quota, clock)
            held = select(LEASES.c.expires_at, LEASES.c.resumes_at).where(LEASES.c.network == network)
            expires_at, resumes_at = (await session.execute(held)).one()
        if expires_at > now:
            return NoLease("another process is asking it")
        return NoLease(f"it said not to ask before {resumes_at:%Y-%m-%d %H:%M} UTC")

    async def spend(self, cost: int) -> None:
        """Raises QuotaSpent and LeaseLost."""
        if self._granted < cost or self._clock() >= self._renew_at:
            await self._renew(max(cost, _GRANT))
        if self._granted < cost:
            raise QuotaSpent(f"the quota is spent until {self._window_ends:%Y-%m-%d %H:%M} UTC")
        self._granted -= cost
        self.spent += cost

    async def _renew(self, wanted: int) -> None:
        now = self._clock()
        async with self._database.writing(is_change=False) as session:
            seen = select(LEASES.c.calls, LEASES.c.window_started_at).where(self._is_ours).with_for_update()
            row = (await session.execute(seen)).first()
            if row is None:
                raise _lost()
            calls, started_at = row[0] - self._granted, row[1]
            if now >= started_at + self._quota.window:
                calls, started_at = 0, now
            granted = max(0, min(wanted, self._quota.calls - calls))
            await session.execute(
                update(LEASES)
                .where(self._is_ours)
                .values(calls=calls + granted, window_started_at=started_at, expires_at=now + LASTS)
            )
        self._granted = granted
        self._window_ends = started_at + self._quota.window
        self._renew_at = now + _RENEWED_AFTER

    async def hold(self, session: AsyncSession) -> None:
        """Keeps the lease in the session's transaction, so that only its owner writes. Raises LeaseLost."""
        held = update(LEASES).where(self._is_ours).values(expires_at=self._clock() + LASTS)
        if (await session.execute(held.returning(LEASES.c.network))).first() is None:
            raise _lost()

    async def release(self, *, resumes_at: datetime | None = None) -> None:
        """Gives the lease back. Nobody calls the network before `resumes_at`. If another worker has the lease
        by now, nothing happens.
        """
        async with self._database.writing(is_change=False) as session:
            await session.execute(
                update(LEASES)
                .where(self._is_ours)
                .values(calls=LEASES.c.calls - self._granted, expires_at=self._clock(), resumes_at=resumes_at)
            )


async def _is_taken(session: AsyncSession, network: Network, owner: UUID, now: datetime) -> bool:
    """Takes the lease if nobody holds it, and the network may be called."""
    row = {"owner": owner, "expires_at": now + LASTS}
    may_ask = LEASES.c.resumes_at.is_(None) | (LEASES.c.resumes_at <= now)
    taken = await session.execute(
        insert_into(session, NetworkLease)
        .values(network=network, calls=0, window_started_at=now, **row)
        .on_conflict_do_update(
            index_elements=["network"], set_=row, where=(LEASES.c.expires_at <= now) & may_ask
        )
        .returning(LEASES.c.network)
    )
    return taken.first() is not None


def _lost() -> LeaseLost:
    return LeaseLost("another process is asking it by now")
