"""Token buckets: how much each caller may use at once, and how much over time."""

from collections.abc import Hashable
from math import floor
from typing import Generic, NamedTuple, TypeVar

from limits import parse

K = TypeVar("K", bound=Hashable)

OFF = ("off", "0")
_MOST = 50_000
_MICROSECOND = 1e-6


class Rate(NamedTuple):
    """A bucket holds `size` tokens; when it is empty, it is full again after `seconds`."""

    size: int
    seconds: int

    @property
    def per_second(self) -> float:
        return self.size / self.seconds


def parse_rate(text: str) -> Rate | None:
    """Reads what the limits library reads, such as `10 per 15 minutes`. None for `off` and 0.

    Raises ValueError.
    """
    if text.strip().lower() in OFF:
        return None
    parsed = parse(text)
    if not parsed.amount:
        raise ValueError(f"nothing is ever allowed by {text!r}")
    return Rate(parsed.amount, parsed.get_expiry())


class TokenBuckets(Generic[K]):
    """A bucket for each key, all at one rate. Instants are in seconds since 1970.

    It stores when each bucket will be full. It forgets a bucket that was not used for the time that it takes
    to fill. It forgets a generation of buckets at a time, and a generation has at most `most` of them. So
    memory is bounded, and many buckets make no call slower.
    """

    def __init__(self, rate: Rate, *, most: int = _MOST) -> None:
        self.rate = rate
        self._seconds = float(rate.seconds)
        self._per_unit = rate.seconds / rate.size
        self._most = most
        self._full_at: dict[K, float] = {}
        self._older: dict[K, float] = {}
        self._ages_at = 0.0

    def take(self, key: K, cost: float, now: float) -> float:
        """Takes the cost and returns 0.0, or takes nothing and returns the seconds until there is enough.

        A cost above the size of a bucket needs a full one, and leaves a debt. A cost of 0 needs 1 token, and
        takes nothing.
        """
        full_at = self._found(key, now)
        needed = (cost or 1) * self._per_unit
        seconds = self._seconds
        wait = full_at - now + (needed if needed < seconds else seconds) - seconds
        if wait > _MICROSECOND:
            return wait
        if cost:
            self._put(key, full_at + needed, now)
        return 0.0

    def give_back(self, key: K, cost: float, now: float) -> None:
        self.charge(key, -cost, now)

    def charge(self, key: K, cost: float, now: float) -> None:
        """Takes the cost, whether there is enough or not."""
        self._put(key, self._found(key, now) + cost * self._per_unit, now)

    def full_in(self, key: K, now: float) -> float:
        """Seconds until the bucket is full; a bucket that owes tokens takes longer than its rate says."""
        return self._found(key, now) - now

    def __len__(self) -> int:
        return len(self._full_at) + len(self._older)

    def _found(self, key: K, now: float) -> float:
        full_at = self._full_at.get(key)
        if full_at is None:
            full_at = self._older.get(key, now)
        return full_at if full_at > now else now

    def _put(self, key: K, full_at: float, now: float) -> None:
        if now >= self._ages_at:
            # Of buckets that were not used meanwhile, only those that owe tokens still matter.
            self._age(now, {key: full for key, full in self._older.items() if full > now})
        elif len(self._full_at) >= self._most:
            self._age(now, {})
        self._full_at[key] = full_at

    def _age(self, now: float, kept: dict[K, float]) -> None:
        self._older, self._full_at = self._full_at, kept
        self._ages_at = now + self._seconds


def remaining(rate: Rate, full_in: float) -> int:
    """How many whole tokens a bucket has if it is full in so many seconds."""
    left = (rate.seconds - full_in + _MICROSECOND) * rate.size / rate.seconds
    return floor(left) if left > 0 else 0
