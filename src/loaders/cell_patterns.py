"""Which cells were read. Mostly it is the same ones again, such as all days of a year by device. What follows
from them is remembered.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from cachetools import LRUCache

from loaders.numbered_points import Points
from loaders.point_numbers import numbers_at_once
from loaders.points import Key, Read

_MOST_CELLS: Final = 4_000
"""Of one pattern. To find it by its cells takes 20 ns for each of them."""
_MOST_REMEMBERED: Final = 20_000
"""Cells of all patterns together. One takes about 100 bytes."""
_MOST_ARRANGED: Final = 4

_InOrder: TypeAlias = Callable[[Sequence[int]], Sequence[int]]


class _Arrangement(NamedTuple):
    numbers: Sequence[int]
    """Of the points, in order, and each once."""
    in_order: _InOrder
    """Puts a column of what was read into this order."""


class Pattern:
    """The cells of one read."""

    def __init__(self, groups: set[Key], cells: int) -> None:
        self.groups = groups
        """See `Read.groups`."""
        self.cells = cells
        """How many there are."""
        self._arranged: LRUCache[tuple[Any, ...], _Arrangement | None] = LRUCache(_MOST_ARRANGED)

    def points(self, read: Read, rank_of: Mapping[Key, int], groups: int) -> Points | None:
        """In order, and one for each number. None if a number stands there twice."""
        key = read.positions, read.of_a_part, groups, tuple(rank_of.items())
        try:
            arranged = self._arranged[key]
        except KeyError:
            arranged = self._arranged[key] = _arrangement(numbers_at_once(read, rank_of, groups))
        if arranged is None:
            return None
        numbers, in_order = arranged
        taken_back = None if read.taken_back is None else list(in_order(read.taken_back))
        return Points.of(numbers, list(in_order(read.counts)), taken_back)


def _arrangement(numbers: Sequence[int]) -> _Arrangement | None:
    places = sorted(range(len(numbers)), key=numbers.__getitem__)
    found = [numbers[place] for place in places]
    if len(set(found)) < len(found):
        return None
    is_complete = found == list(range(len(found)))
    return _Arrangement(range(len(found)) if is_complete else tuple(found), itemgetter(*places))


_patterns: LRUCache[tuple[int, tuple[int, ...]], Pattern] = LRUCache(
    _MOST_REMEMBERED, lambda pattern: pattern.cells
)


def pattern_of(read: Read) -> Pattern | None:
    """None where it is not worth remembering."""
    if read.domains is not None or not 1 < len(read.cells) <= _MOST_CELLS:
        return None
    key = read.of_a_group, tuple(read.cells)
    try:
        return _patterns[key]
    except KeyError:
        pattern = _patterns[key] = Pattern(read.groups(), len(read.cells))
    return pattern
