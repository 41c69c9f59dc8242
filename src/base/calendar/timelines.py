"""The buckets of a range, made once and remembered."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, overload
from zoneinfo import ZoneInfo

from cachetools import LRUCache

from base.calendar.buckets import Bucket, DateInterval, WeekStart, each_bucket
from base.calendar.pieces import Pieces, signed_pieces
from base.calendar.spans import Span

T = TypeVar("T")

_MOST_BUCKETS = 10_000
"""Of all remembered timelines together. A bucket takes about a kilobyte, with what is made of it."""
_MOST_NOTES = 16
"""How much else is remembered of each timeline."""


class Cut(NamedTuple):
    """How a span is cut into buckets."""

    span: Span
    interval: DateInterval
    zone: ZoneInfo
    week_start: WeekStart = WeekStart.MONDAY

    def buckets(self) -> Iterator[Bucket]:
        """Made one by one, because there may be thousands of hours."""
        return each_bucket(*self)


class Timeline(Sequence[Bucket]):
    """The buckets that a span touches, in order. It never changes, so requests share it. Two timelines of the
    same range are equal.
    """

    __slots__ = ("_buckets", "_hash", "_notes", "cut")

    def __init__(self, cut: Cut, buckets: Iterable[Bucket]) -> None:
        """`buckets` are all of the cut."""
        self.cut = cut
        self._hash = hash(cut)
        self._buckets = tuple(buckets)
        self._notes: LRUCache[Hashable, Any] = LRUCache(_MOST_NOTES)

    def __len__(self) -> int:
        return len(self._buckets)

    @overload
    def __getitem__(self, place: int) -> Bucket: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Bucket, ...]: ...

    def __getitem__(self, place: int | slice) -> Bucket | tuple[Bucket, ...]:
        return self._buckets[place]

    def __iter__(self) -> Iterator[Bucket]:
        return iter(self._buckets)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Timeline) and self.cut == other.cut)

    def __hash__(self) -> int:
        return self._hash

    def pieces(self, reporting_zone: ZoneInfo) -> Pieces:
        """What to read for the covered part of each bucket. Nobody may change it."""
        return self.noted(
            ("pieces", reporting_zone),
            lambda: signed_pieces([bucket.covered for bucket in self._buckets], reporting_zone),
        )

    def noted(self, name: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, remembered under the name. It depends on the buckets alone."""
        if name not in self._notes:
            self._notes[name] = make()
        found: T = self._notes[name]
        return found


_remembered: LRUCache[Cut, Timeline] = LRUCache(_MOST_BUCKETS, len)


def known_timeline(cut: Cut) -> Timeline | None:
    return _remembered.get(cut)


def remember(timeline: Timeline) -> None:
    """Does nothing for a timeline that is too long."""
    if len(timeline) <= _MOST_BUCKETS:
        _remembered[timeline.cut] = timeline
