"""Leaky buckets: what each caller may ask for at once, and what over time."""

from collections.abc import Hashable
from math import floor
from typing import Generic, NamedTuple, TypeVar

from limits import parse

K = TypeVar("K", bound=Hashable)

OFF = ("off", "0")
_MOST = 50_000
_MICROSECOND = 1e-6


class Rate(NamedTuple):
    """So much at once; a bucket that is empty is full again after so many seconds."""

    size: int
    seconds: int

    @property
    def per_second(self) -> float:
        return self.size / self.seconds


def rate_of(text: str) -> Rate | None:
    """In the words of the limits library, such as `10 per 15 minutes`; None for `off` and 0.

    Raises ValueError.
    """
    if text.strip().lower() in OFF:
        return None
    parsed = parse(text)
    if not parsed.amount:
        raise ValueError(f"nothing is ever allowed by {text!r}")
    return Rate(parsed.amount, parsed.get_expiry())


class Buckets(Generic[K]):
    """One for each key, at one rate. Instants are in seconds since 1970.

    What is kept of a bucket is when it will be full again. Those that were not used for as long as they take
    to fill are forgotten, a generation at a time; a generation has `most` of them at most. Memory is bounded,
    and no call takes longer for all the others.
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
        """0.0 where there was enough, and it is taken; else the seconds until there is, and nothing is taken.

        What costs more than a bucket holds needs a full one, and is paid off afterwards. What costs 0 needs
        that 1 is there.
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
        self.owe(key, -cost, now)

    def owe(self, key: K, cost: float, now: float) -> None:
        """It is taken, whether there is enough or not."""
        self._put(key, self._found(key, now) + cost * self._per_unit, now)

    def full_in(self, key: K, now: float) -> float:
        """Seconds; more than it takes to fill a bucket where more is owed than one holds."""
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
            # Of what was not used meanwhile, only what was owed beyond a bucket is still of interest.
            self._age(now, {key: full for key, full in self._older.items() if full > now})
        elif len(self._full_at) >= self._most:
            self._age(now, {})
        self._full_at[key] = full_at

    def _age(self, now: float, kept: dict[K, float]) -> None:
        self._older, self._full_at = self._full_at, kept
        self._ages_at = now + self._seconds


def remaining(rate: Rate, full_in: float) -> int:
    left = (rate.seconds - full_in + _MICROSECOND) * rate.size / rate.seconds
    return floor(left) if left > 0 else 0
