"""Rate limits of what strangers report, for the network from which they send and for each subject."""

from collections import Counter
from collections.abc import Hashable, Iterable
from math import ceil
from typing import NamedTuple

from base.errors import Throttled
from base.networks import network_of
from base.token_buckets import TokenBuckets, parse_rate
from loaders.subjects import Subject


class CollectRates(NamedTuple):
    """Rates in events, as the limits library reads them, such as `3000 per minute`, or `off`."""

    address: str = "off"
    """From one network."""
    subject: str = "off"
    """About one subject, from all networks together."""


NO_RATES = CollectRates()


class CollectLimiter:
    """One for the process. It outlives requests."""

    def __init__(self, rates: CollectRates = NO_RATES) -> None:
        self._networks = _buckets(rates.address)
        self._subjects = _buckets(rates.subject)

    def allow_address(self, address: str, events: int, now: float) -> None:
        """Counts the events. Raises THROTTLED, and counts none, if there is no room for all of them."""
        if self._networks is not None:
            network = network_of(address)
            _check(self._networks.take(network, events, now), "from one network", self._networks)

    def allow_subjects(self, events: Iterable[Subject], now: float) -> None:
        """The same, for the subject of each event."""
        if self._subjects is None:
            return
        taken: list[tuple[Hashable, int]] = []
        for subject, number in Counter((one.kind, one.id) for one in events).items():
            wait = self._subjects.take(subject, number, now)
            if wait:
                for others, given_back in taken:
                    self._subjects.give_back(others, given_back, now)
                _check(wait, "about one subject", self._subjects)
            taken.append((subject, number))


def _buckets(rate: str) -> TokenBuckets[Hashable] | None:
    parsed = parse_rate(rate)
    return TokenBuckets(parsed) if parsed is not None else None


def _check(wait: float, whose: str, buckets: TokenBuckets[Hashable]) -> None:
    if wait:
        size, seconds = buckets.rate
        retry_after = max(1, ceil(wait))
        raise Throttled(
            f"Without signing in, {size:,} events {whose} in {seconds:,} s are the most. Send these again in "
            f"{retry_after:,} s.",
            retry_after=retry_after,
        )
