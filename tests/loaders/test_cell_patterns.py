"""What is remembered of the cells of a series gives the points that would be worked out again."""

from random import Random

import pytest

from loaders.cell_patterns import pattern_of
from loaders.numbered_points import Points
from loaders.point_numbers import numbers_of
from loaders.points import Key, Read

_DEVICES = 4
_RANKS: dict[Key, int] = {1: 0, 2: 1, 3: 2}


def read_of(cells: list[int], taken_back: list[int] | None = None) -> Read:
    counts = [1 + cell % 7 for cell in cells]
    return Read(tuple(range(30)), _DEVICES, _DEVICES, 0, 1, cells, counts, taken_back)


def some_cells(random: Random, share: float) -> list[int]:
    cells = [day * _DEVICES + device for day in range(30) for device in (1, 2, 3) if random.random() < share]
    random.shuffle(cells)
    return cells


@pytest.mark.parametrize("share", [1.0, 0.6, 0.2])
async def test_points_are_those_that_are_merged_without_it(share: float) -> None:
    random = Random(7)  # noqa: S311
    for _ in range(5):
        cells = some_cells(random, share)
        read = read_of(cells, [cell % 2 for cell in cells])
        merged = await Points.of(await numbers_of(read, _RANKS, 3), read.counts, read.taken_back).merged()
        for _ in range(2):
            pattern = pattern_of(read)
            assert pattern
            assert pattern.groups == read.groups()
            points = pattern.points(read, _RANKS, 3)
            assert points
            assert list(points.numbers) == list(merged.numbers)
            assert points[1:] == merged[1:]


def test_cells_that_are_there_twice_are_left_to_be_merged() -> None:
    read = read_of([5, 6, 5])
    pattern = pattern_of(read)
    assert pattern
    assert pattern.points(read, _RANKS, 3) is None
