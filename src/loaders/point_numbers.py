"""The numbers of points in their series, found from their cells."""

from collections.abc import Mapping, Sequence
from typing import Final

from cachetools import LRUCache

from database import current_usage
from loaders.points import Key, Read

_DENSE: Final = 2
"""If more than one of so many possible cells is there, numbers are looked up in a table of all of them."""
_MOST_NUMBERS: Final = 20_000
"""Of all tables that are remembered."""

_tables: LRUCache[tuple[Sequence[int], ...], Sequence[int]] = LRUCache(_MOST_NUMBERS, len)


async def numbers_of(read: Read, rank_of: Mapping[Key, int], groups: int) -> Sequence[int]:
    """A point's number is that of its bucket, times the number of groups, plus the rank of its group."""
    if read.domains is not None:
        return await _found_by_domain(read, read.domains, rank_of, groups)
    if read.of_a_part == 1 and _is_complete(read):
        return range(rank_of[0], len(read.positions) * groups, groups)
    if len(read.positions) * read.of_a_part <= _DENSE * len(read.cells):
        return await _looked_up(read, rank_of, groups)
    starts, of_a_part, of_a_group = _starts(read, groups), read.of_a_part, read.of_a_group
    numbers: list[int] = []
    async for cells in current_usage().run_queue.batches(read.cells):
        numbers += [starts[cell // of_a_part] + rank_of[cell % of_a_group] for cell in cells]
    return numbers


def _is_complete(read: Read) -> bool:
    """Whether each part of time is there, once and in order, and is the bucket of the same number."""
    everything = tuple(range(len(read.cells)))
    return read.positions == everything == tuple(read.cells)


def numbers_at_once(read: Read, rank_of: Mapping[Key, int], groups: int) -> list[int]:
    """The same for few cells, without domains."""
    starts, of_a_part, of_a_group = _starts(read, groups), read.of_a_part, read.of_a_group
    return [starts[cell // of_a_part] + rank_of[cell % of_a_group] for cell in read.cells]


async def _found_by_domain(
    read: Read, domains: Sequence[str], rank_of: Mapping[Key, int], groups: int
) -> list[int]:
    starts, of_a_part, of_a_group = _starts(read, groups), read.of_a_part, read.of_a_group
    numbers: list[int] = []
    async for piece in current_usage().run_queue.batches(zip(read.cells, domains, strict=True)):
        numbers += [starts[cell // of_a_part] + rank_of[cell % of_a_group, domain] for cell, domain in piece]
    return numbers


async def _looked_up(read: Read, rank_of: Mapping[Key, int], groups: int) -> list[int]:
    """In half the time."""
    table = _table(read, rank_of, groups)
    numbers: list[int] = []
    async for cells in current_usage().run_queue.batches(read.cells):
        numbers += map(table.__getitem__, cells)
    return numbers


def _table(read: Read, rank_of: Mapping[Key, int], groups: int) -> Sequence[int]:
    """The number of each cell that there may be."""
    ranks = [rank_of.get(number, 0) for number in range(read.of_a_group)]
    of_a_part = (*[0] * (read.of_a_part - read.of_a_group), *ranks)
    known = _tables.get(key := (read.positions, of_a_part, (groups,)))
    if known is None:
        known = [start + rank for start in _starts(read, groups) for rank in of_a_part]
        if len(known) <= _MOST_NUMBERS:
            _tables[key] = known
    return known


def _starts(read: Read, groups: int) -> list[int]:
    return [position * groups for position in read.positions]
