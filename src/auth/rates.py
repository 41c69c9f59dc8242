"""Rate limits of callers, in units of what operations cost."""

from collections.abc import Hashable
from math import ceil
from typing import Any, Generic, NamedTuple, TypeVar

from auth.ledger import Ledger, SharedTokenBuckets
from auth.viewer import Viewer
from base.errors import Throttled
from base.networks import network_of
from base.token_buckets import Rate, TokenBuckets, parse_rate, remaining

K = TypeVar("K", bound=Hashable)

_SHARE = 0.05
"""The part of a bucket that a caller may use at one worker before the others learn of it."""
_SCOPES = 4


class Rates(NamedTuple):
    """Rates as the limits library reads them, such as `60000 per minute`, or `off`."""

    user: str = "off"
    address: str = "off"


ANY = Rates()


class Limit(NamedTuple):
    policy: str
    """What is limited: `queries` or `mutations`."""
    caller: str
    """Who is limited: a `user` or an `address`."""
    rate: Rate


class Budget(NamedTuple):
    """How much is left of a limit at one instant."""

    limit: Limit
    full_in: float
    """Seconds."""
    wait: float
    """Seconds until the cost can be paid; 0 if it was paid."""

    @property
    def remaining(self) -> int:
        return remaining(self.limit.rate, self.full_in)

    @property
    def retry_after(self) -> int:
        """In how many whole seconds the cost can be paid; 0 if it was paid."""
        return max(1, ceil(self.wait)) if self.wait else 0

    def require(self) -> None:
        """Raises THROTTLED."""
        if seconds := self.retry_after:
            policy, caller, (size, in_seconds) = self.limit
            raise Throttled(
                f"The {policy} of one {caller} may cost {size:,} in {in_seconds:,} s, and no more. "
                f"Try again in {seconds} s.",
                retry_after=seconds,
            )


class RateLimits:
    """The limits of queries and of mutations, each with its own buckets. Subscriptions count as queries.

    A user has one bucket for tokens and keys of their own, one for tokens for organizations, and one for
    tokens for workspaces. Callers who are not signed in share the bucket of their network.
    """

    def __init__(self, queries: Rates = ANY, mutations: Rates = ANY, ledger: Ledger | None = None) -> None:
        """`ledger` is shared by several workers; None if this one is alone."""
        self._queries = _Policy("queries", queries, ledger)
        self._mutations = _Policy("mutations", mutations, ledger)

    def spend(self, viewer: Viewer, address: str, cost: int, now: float, *, writes: bool) -> Budget | None:
        """None if there is no limit. A cost of 0 takes nothing, but needs that something is left."""
        policy = self._mutations if writes else self._queries
        return policy.spend(viewer, address, cost, now)

    async def close(self) -> None:
        for policy in (self._queries, self._mutations):
            await policy.close()


class _Limited(Generic[K]):
    def __init__(self, policy: str, caller: str, rate: str, ledger: Ledger | None) -> None:
        self.buckets: TokenBuckets[K] | None = buckets_of(f"{policy} of one {caller}", rate, ledger)
        self._limit = Limit(policy, caller, self.buckets.rate) if self.buckets is not None else None

    def spend(self, key: K, cost: int, now: float) -> Budget | None:
        if self.buckets is None or self._limit is None:
            return None
        wait = self.buckets.take(key, cost, now)
        return Budget(self._limit, self.buckets.full_in(key, now), wait)


class _Policy:
    def __init__(self, name: str, rates: Rates, ledger: Ledger | None) -> None:
        self._users: _Limited[int] = _Limited(name, "user", rates.user, ledger)
        self._addresses: _Limited[str] = _Limited(name, "address", rates.address, ledger)

    def spend(self, viewer: Viewer, address: str, cost: int, now: float) -> Budget | None:
        if viewer.user_id is None:
            return self._addresses.spend(network_of(address), cost, now)
        return self._users.spend(_key(viewer, viewer.user_id), cost, now)

    async def close(self) -> None:
        await closed(self._users.buckets, self._addresses.buckets)


def buckets_of(
    name: str, rate: str, ledger: Ledger | None, *, share: float = _SHARE
) -> TokenBuckets[K] | None:
    """None for `off`."""
    parsed = parse_rate(rate)
    if parsed is None:
        return None
    return SharedTokenBuckets(parsed, ledger, name, share=share) if ledger else TokenBuckets(parsed)


async def closed(*buckets: TokenBuckets[Any] | None) -> None:
    for one in buckets:
        if isinstance(one, SharedTokenBuckets):
            await one.close()


def _key(viewer: Viewer, user_id: int) -> int:
    """A number: it is cheap, and a key is made for every request."""
    if viewer.workspace_id is not None:
        return user_id * _SCOPES + 2
    return user_id * _SCOPES + (viewer.organization_id is not None)
