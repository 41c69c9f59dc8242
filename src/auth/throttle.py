"""How often somebody may try to sign in: counted for the account and for the address, in this process."""

from collections.abc import Callable
from hashlib import sha256
from math import ceil
from time import monotonic
from typing import NamedTuple

from cachetools import TTLCache
from limits import parse

from base.errors import Throttled
from base.networks import network_of

_MAX_NAMES = 100_000


class Rates(NamedTuple):
    """In the words of the limits library, such as `10 per 15 minutes`."""

    account: str
    address: str


class SignInThrottle:
    def __init__(self, rates: Rates, timer: Callable[[], float] = monotonic) -> None:
        """`timer` is in seconds."""
        self._accounts = _Windows(rates.account, timer)
        self._addresses = _Windows(rates.address, timer)

    def allow(self, *, account: str | None, address: str) -> None:
        """Counts this attempt. Raises THROTTLED where either has had its share, known account or not."""
        self._addresses.add(network_of(address))
        if account is not None:
            self._accounts.add(account)

    def forget(self, account: str) -> None:
        """After a sign-in that worked: only failures add up."""
        self._accounts.forget(account)


class _Windows:
    """The attempts of each name in a window that ends now. An attempt costs the same however many names
    there are: whoever tries many must not slow down the others."""

    def __init__(self, rate: str, timer: Callable[[], float]) -> None:
        parsed = parse(rate)
        self._most, self._seconds = parsed.amount, parsed.get_expiry()
        self._timer = timer
        self._attempts: TTLCache[bytes, tuple[float, ...]] = TTLCache(_MAX_NAMES, self._seconds, timer)

    def add(self, name: str) -> None:
        now, key = self._timer(), _key(name)
        recent = tuple(at for at in self._attempts.get(key, ()) if at > now - self._seconds)
        if len(recent) >= self._most:
            seconds = max(1, ceil(recent[0] + self._seconds - now))
            raise Throttled(f"Too many sign-ins. Try again in {seconds} s.", retry_after=seconds)
        self._attempts[key] = (*recent, now)

    def forget(self, name: str) -> None:
        self._attempts.pop(_key(name), None)


def _key(name: str) -> bytes:
    """Short, however long the name that somebody sends."""
    return sha256(name.encode()).digest()
