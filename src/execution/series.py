"""The points of a series, completed by columns: each bucket and each group once."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from base.scheduler import RunQueue
from execution.faults import Surprise
from execution.leaves import Leaf
from execution.pools import Pool
from execution.shapes import SeriesShape
from graph.partial_results import json_items, json_list
from graph.types.views import OfBucket, Points
from loaders.series import Point

_AT_ONCE = 1_000
"""After so many points, which take some milliseconds, others have a turn."""


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
        pieces = self._pieces()
        first = next(pieces, [])
        if len(self._points) <= _AT_ONCE:
            self._column[self._number] = first
            return
        texts = [json_items(first)]
        for piece in pieces:
            await run_queue.step(_AT_ONCE)
            texts.append(json_items(piece))
        self._column[self._number] = json_list(texts)

    def _pieces(self) -> Iterator[list[dict[str, Any]]]:
        for start in range(0, len(self._points), _AT_ONCE):
            yield self._piece(slice(start, start + _AT_ONCE))

    def _piece(self, part: slice) -> list[dict[str, Any]]:
        series, names = self._points.series, self._shape.names
        of_each = len(series.groups)
        places = series.places[part]
        buckets = [place // of_each for place in places]
        columns: dict[str, Any] = {**self._of_buckets(buckets), **self._of_points(part)}
        if len(columns) < len(names):
            columns |= self._of_groups([place % of_each for place in places])
        # Without a column, a point is still one.
        rows: Any = zip(*[columns[name] for name in names], strict=True) if names else repeat((), len(places))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _of_buckets(self, buckets: Sequence[int]) -> dict[str, Any]:
        if not self._shape.of_bucket:
            return {}
        series = self._points.series
        made = {
            number: OfBucket.at(series.buckets[number], self._points.now) for number in dict.fromkeys(buckets)
        }
        columns = {}
        for name, (attribute, leaf) in self._shape.of_bucket.items():
            values = _required(leaf, [getattr(one, attribute) for one in made.values()])
            columns[name] = map(dict(zip(made, values, strict=True)).__getitem__, buckets)
        return columns

    def _of_groups(self, groups: Sequence[int]) -> dict[str, Any]:
        columns = {name: [one[name] for one in self.groups.answers] for name in self._shape.of_group.names}
        return {name: map(column.__getitem__, groups) for name, column in columns.items()}

    def _of_points(self, part: slice) -> dict[str, Any]:
        series = self._points.series
        counts = {"count": series.counts, "taken_back": series.taken_back}
        return {
            name: _required(leaf, list(counts[attribute][part]))
            for name, (attribute, leaf) in self._shape.of_point.items()
        }


def _required(leaf: Leaf, values: list[Any]) -> list[Any]:
    if None in values:
        raise Surprise("null where there has to be a value")
    return leaf.completed(values)
