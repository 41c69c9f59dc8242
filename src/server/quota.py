"""How much of something one caller may have at a time."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from base.errors import Throttled
from base.networks import network_of
from resolvers.context import Context

_RETRY_SECONDS = 10


class Quota:
    """Of each user, or of each address (of IPv6, each network) where nobody is known; in this worker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used: Counter[Hashable] = Counter()

    @contextmanager
    def one_more(self, context: Context) -> Iterator[None]:
        """Raises THROTTLED."""
        user_id = context.viewer.user_id
        key = network_of(context.address) if user_id is None else user_id
        if self._used[key] >= self._most:
            raise Throttled(
                f"At most {self._most:,} subscriptions at a time. End another one first.",
                retry_after=_RETRY_SECONDS,
            )
        self._used[key] += 1
        try:
            yield
        finally:
            self._used[key] -= 1
            if not self._used[key]:
                del self._used[key]
