"""How often somebody may try to sign in: counted for the account and for the address, in this process."""

from collections.abc import Sequence
from math import ceil
from time import time
from typing import NamedTuple

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from base.errors import Throttled


class Rates(NamedTuple):
    """In the words of the limits library, such as `10 per 15 minutes`."""

    account: str
    address: str


class SignInThrottle:
    def __init__(self, rates: Rates) -> None:
        self._account = parse(rates.account)
        self._address = parse(rates.address)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def allow(self, *, account: str | None, address: str) -> None:
        """Counts this attempt. Raises THROTTLED where either has had its share, known account or not."""
        for rate, name in self._applying(account, address):
            if not await self._limiter.hit(rate, *name):
                window = await self._limiter.get_window_stats(rate, *name)
                seconds = max(1, ceil(window.reset_time - time()))
                raise Throttled(f"Too many sign-ins. Try again in {seconds} s.", retry_after=seconds)

    async def forget(self, account: str) -> None:
        """After a sign-in that worked: only failures add up."""
        await self._limiter.clear(self._account, "account", account)

    def _applying(self, account: str | None, address: str) -> Sequence[tuple[RateLimitItem, tuple[str, str]]]:
        by_address = (self._address, ("address", address))
        return (by_address,) if account is None else (by_address, (self._account, ("account", account)))
