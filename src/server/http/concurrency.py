"""Limits on how many things of one sort a caller may have at a time."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from base.errors import Throttled
from base.networks import network_of
from resolvers.context import Context

_RETRY_SECONDS = 10


class ConcurrencyCounter:
    """Counts how many each key uses, in this worker."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._used: Counter[Hashable] = Counter()

    @property
    def used(self) -> int:
        """By all keys together."""
        return self._used.total()

    def takes(self, key: Hashable) -> bool:
        """Takes one more, and returns whether there was one. The caller has to give it back."""
        if self._used[key] >= self.most:
            return False
        self._used[key] += 1
        return True

    def give_back(self, key: Hashable) -> None:
        self._used[key] -= 1
        if not self._used[key]:
            del self._used[key]


class SubscriptionQuota:
    """Limits the subscriptions of each user, or of each network where nobody is signed in."""

    def __init__(self, most: int) -> None:
        self._tally = ConcurrencyCounter(most)

    @property
    def running(self) -> int:
        return self._tally.used

    @contextmanager
    def one_more(self, context: Context) -> Iterator[None]:
        """Raises THROTTLED."""
        user_id = context.viewer.user_id
        key = network_of(context.address) if user_id is None else user_id
        if not self._tally.takes(key):
            raise Throttled(
                f"At most {self._tally.most:,} subscriptions at a time. End another one first.",
                retry_after=_RETRY_SECONDS,
            )
        try:
            yield
        finally:
            self._tally.give_back(key)
