"""The ledger: what callers used of their limits, in all workers together. It is a table of token buckets.

A worker decides by itself, in its own memory, and no request waits for the database. Once a caller has used
up a share of a bucket, the worker adds that to the database, and learns what the other workers have added.
What they let through in the meantime is not forgiven: the caller owes it.
"""

import logging
from asyncio import Task, create_task, gather, get_running_loop, timeout, wait
from collections.abc import Callable, Hashable, Sequence
from contextvars import Context
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from sqlalchemy import case, delete
from sqlalchemy.exc import SQLAlchemyError

from base.errors import Unavailable
from base.token_buckets import Rate, TokenBuckets
from database import Database, insert_into, table_of
from models import RateBucket

log = logging.getLogger("viewgraph")

K = TypeVar("K", bound=Hashable)

BUCKETS = table_of(RateBucket)
_KEY_BYTES = 16
_MOST_ROWS = 200
"""In one statement."""
_SECONDS = 5.0
"""How long the database may take, and how long it is left alone after it took longer."""
_CLOSE_SECONDS = 1.0
_MICROSECONDS = 1_000_000
_FAILURES = (Unavailable, SQLAlchemyError, OSError)


class Entry(NamedTuple):
    key: bytes
    seconds: float
    """By how many seconds the bucket is full later than before."""


class Ledger:
    """The table of buckets. The names of callers are hashed with `secret`."""

    def __init__(self, database: Database, secret: bytes, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._secret = blake2b(secret, digest_size=32).digest()
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()

    def key(self, name: str) -> bytes:
        return blake2b(name.encode(), digest_size=_KEY_BYTES, key=self._secret).digest()

    async def add(self, entries: Sequence[Entry]) -> dict[bytes, float]:
        """Adds all in one statement. Returns when each bucket is full, with the costs that others added."""
        now = round(self.now() * _MICROSECONDS)
        rows = [
            {"key": entry.key, "full_from": now + round(entry.seconds * _MICROSECONDS)}
            # In one order, so that two workers never wait for each other's rows for ever.
            for entry in sorted(entries)
        ]
        async with self._database.writing(is_change=False) as session:
            insert = insert_into(session, RateBucket).values(rows)
            known = case((BUCKETS.c.full_from < now, now), else_=BUCKETS.c.full_from)
            added = insert.on_conflict_do_update(
                index_elements=["key"], set_={"full_from": known + insert.excluded.full_from - now}
            )
            found = await session.execute(added.returning(BUCKETS.c.key, BUCKETS.c.full_from))
            return {key: full_from / _MICROSECONDS for key, full_from in found}


async def forget_full(database: Database, now: datetime) -> None:
    """Deletes the rows of full buckets, which say nothing."""
    is_full = BUCKETS.c.full_from <= round(now.timestamp() * _MICROSECONDS)
    async with database.writing(is_change=False) as session:
        await session.execute(delete(BUCKETS).where(is_full))


class SharedTokenBuckets(TokenBuckets[K]):
    """Token buckets of all workers together.

    `share` is the part of a bucket that a caller uses up before the other workers learn of it.
    """

    def __init__(self, rate: Rate, ledger: Ledger, name: str, *, share: float) -> None:
        super().__init__(rate)
        self._ledger = ledger
        self._name = name
        self._share = max(share * rate.seconds, 1 / _MICROSECONDS)
        self._reported: dict[K, float] = {}
        """When each bucket is full, as far as the database knows. Callers who use little are not in it."""
        self._reported_before: dict[K, float] = {}
        self._due: set[K] = set()
        self._reporting: Task[None] | None = None
        self._rests_until = 0.0

    def take(self, key: K, cost: float, now: float) -> float:
        wait = super().take(key, cost, now)
        if not wait and abs(self._unreported(key, now)) >= self._share:
            self._report_soon(key)
        return wait

    def give_back(self, key: K, cost: float, now: float) -> None:
        super().give_back(key, cost, now)
        if abs(self._unreported(key, now)) >= self._share:
            self._report_soon(key)

    async def close(self) -> None:
        if self._reporting:
            await wait({self._reporting}, timeout=_CLOSE_SECONDS)
        if self._reporting:
            self._reporting.cancel()
            await gather(self._reporting, return_exceptions=True)

    def _unreported(self, key: K, now: float) -> float:
        """By how many seconds the bucket is full later than the database knows. Neither counts tokens that
        came back with time.
        """
        reported = self._reported.get(key)
        if reported is None:
            reported = self._reported_before.get(key, now)
        return self._found(key, now) - (reported if reported > now else now)

    def _age(self, now: float, kept: dict[K, float]) -> None:
        super()._age(now, kept)
        owed = {key: reported for key, reported in self._reported_before.items() if key in kept}
        self._reported_before, self._reported = self._reported, owed

    def _report_soon(self, key: K) -> None:
        self._due.add(key)
        if self._reporting is None and get_running_loop().time() >= self._rests_until:
            # It has a context of its own, because it belongs to no request.
            self._reporting = create_task(self._report(), context=Context())
            self._reporting.add_done_callback(self._end)

    def _end(self, _: Task[None]) -> None:
        self._reporting = None

    async def _report(self) -> None:
        while self._due:
            now = self._ledger.now()
            keys = {self._ledger.key(f"{self._name}:{key}"): key for key in list(self._due)[:_MOST_ROWS]}
            self._due.difference_update(keys.values())
            before = {key: self._found(key, now) for key in keys.values()}
            try:
                async with timeout(_SECONDS):
                    full_at = await self._ledger.add(
                        [Entry(name, self._unreported(key, now)) for name, key in keys.items()]
                    )
            except _FAILURES as error:
                log.warning("Limits are each worker's own for a while: %s", type(error).__name__)
                self._rests_until = get_running_loop().time() + _SECONDS
                self._due.clear()
                return
            now = self._ledger.now()
            for name, key in keys.items():
                meanwhile = self._found(key, now) - max(before[key], now)
                self._reported[key] = full_at[name]
                self._put(key, max(full_at[name], now) + meanwhile, now)
