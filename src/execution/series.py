"""The points of a series as text. What points have in common is made once."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

import orjson

from base.scheduler import RunQueue
from execution.faults import Surprise
from execution.leaves import Leaf
from execution.point_texts import PointTexts, required
from execution.pools import Pool
from execution.shapes import SeriesShape
from graph.types.views import Points
from loaders.series import Point

_AT_ONCE: Final = 1_000
"""After so many points, others have a turn."""


class PointsOfSeries:
    """`column[number]` becomes the list of points, as soon as `groups` are complete."""

    __slots__ = ("_column", "_number", "_points", "_shape", "groups")

    def __init__(self, shape: SeriesShape, points: Points, column: list[Any], number: int) -> None:
        self._shape = shape
        self._points = points
        self._column = column
        self._number = number
        series = points.series
        faces = [points.of(Point(series.buckets[0], one, 0)) for one in series.groups] if len(points) else []
        self.groups = Pool(shape.of_group, faces)
        """What the points of each group have in common. They stand in many places."""

    async def complete(self, run_queue: RunQueue) -> None:
        texts: list[orjson.Fragment] = []
        if len(self._points):
            point_texts = PointTexts(self._shape, self._points, self.groups.answers)
            for part in self._parts():
                texts.append(orjson.Fragment(self._text(part, point_texts)))
                await run_queue.step(_AT_ONCE if len(self._points) > _AT_ONCE else 1)
        # Each text has the commas between its points. One text of all would be a copy of them.
        self._column[self._number] = tuple(texts)

    def _parts(self) -> Iterator[slice]:
        return (slice(start, start + _AT_ONCE) for start in range(0, len(self._points), _AT_ONCE))

    def _text(self, part: slice, texts: PointTexts) -> bytes:
        series = self._points.series
        values = {"count": series.counts, "taken_back": series.taken_back}
        columns = [
            _fitting(leaf, values[attribute][part]) for attribute, leaf in self._shape.of_point.values()
        ]
        numbers = columns[0] if len(columns) == 1 else chain.from_iterable(zip(*columns, strict=True))
        return texts.of(series.places[part]) % tuple(numbers)


def _fitting(leaf: Leaf, counts: Sequence[int]) -> Sequence[int]:
    """If the least and the largest count fit, all of them do. Raises Surprise."""
    extremes = [min(counts), max(counts)]
    if required(leaf, extremes) != extremes:
        raise Surprise("counts that are not shown as they are")
    return counts
