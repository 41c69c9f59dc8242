"""Rate limits of sign-ins, for the account and for the network from which somebody tries.

Failures on an account first block the network from which they come, then all networks from which the account
was not used before. They never block another network from which it was used.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b, sha256
from math import ceil
from typing import NamedTuple

from auth.ledger import Ledger
from auth.rates import buckets_of, closed
from base.errors import Throttled
from base.networks import network_of
from base.token_buckets import TokenBuckets

_Found = TokenBuckets[bytes] | None

_NETWORK_BYTES = 16


class SignInRates(NamedTuple):
    """Rates as the limits library reads them, such as `10 per 15 minutes`, or `off`."""

    account: str
    """Failures on one account from one network."""
    strangers: str
    """Failures on one account from all networks from which it was not used before."""
    address: str
    """Attempts from one network, on any account."""
    mails: str = "5 per hour"
    """Mails with a link to one address."""


class SignInLimiter:
    def __init__(
        self, rates: SignInRates, secret: bytes, clock: Callable[[], datetime], ledger: Ledger | None = None
    ) -> None:
        """`ledger` is shared by several workers, which learn of every attempt; None if this one is alone."""
        self._secret = blake2b(secret, digest_size=32).digest()
        self._clock = clock
        self._accounts: _Found = buckets_of("sign-ins to accounts", rates.account, ledger, share=0)
        self._strangers: _Found = buckets_of("sign-ins of strangers", rates.strangers, ledger, share=0)
        self._addresses: _Found = buckets_of("sign-ins from addresses", rates.address, ledger, share=0)
        self._mails: _Found = buckets_of("mails to an address", rates.mails, ledger, share=0)

    def network(self, account: str, address: str) -> bytes:
        """A hash for a network from which an account was used. It shows neither address nor account."""
        name = f"{account}\n{network_of(address)}"
        return blake2b(name.encode(), digest_size=_NETWORK_BYTES, key=self._secret).digest()

    def allow_address(self, address: str) -> None:
        """Counts this attempt, as the next two methods do. Raises THROTTLED."""
        self._take(self._addresses, network_of(address))

    def allow(self, account: str, address: str) -> None:
        """The account does not have to exist."""
        self.allow_address(address)
        self._take(self._accounts, f"{account}\n{network_of(address)}")

    def allow_stranger(self, account: str) -> None:
        self._take(self._strangers, account)

    def allow_mail(self, email: str) -> None:
        """The email need not be known."""
        wait = self._mails.take(_key(email), 1, self._now()) if self._mails is not None else 0.0
        if wait:
            seconds = max(1, ceil(wait))
            raise Throttled(
                f"Too much mail was asked for to this address. Try again in {seconds} s.", retry_after=seconds
            )

    def succeeded_from(self, address: str) -> None:
        """What `allow_address` counted is no failure."""
        self._give_back(self._addresses, network_of(address))

    def succeeded(self, account: str, address: str, *, is_stranger: bool) -> None:
        """The attempt no longer counts as a failure."""
        self._give_back(self._accounts, f"{account}\n{network_of(address)}")
        if is_stranger:
            self._give_back(self._strangers, account)

    async def close(self) -> None:
        await closed(self._accounts, self._strangers, self._addresses, self._mails)

    def _take(self, buckets: _Found, name: str) -> None:
        wait = buckets.take(_key(name), 1, self._now()) if buckets is not None else 0.0
        if wait:
            seconds = max(1, ceil(wait))
            raise Throttled(f"Too many sign-ins. Try again in {seconds} s.", retry_after=seconds)

    def _give_back(self, buckets: _Found, name: str) -> None:
        if buckets is not None:
            buckets.give_back(_key(name), 1, self._now())

    def _now(self) -> float:
        return self._clock().timestamp()


def _key(name: str) -> bytes:
    """A short key, however long the name is that somebody sends."""
    return sha256(name.encode()).digest()
