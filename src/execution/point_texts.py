"""Points of series as texts in which only the counts are missing."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cachetools import LRUCache

from base.json_text import json_text
from execution.faults import Surprise
from execution.leaves import Leaf
from execution.shapes import SeriesShape
from graph.types.views import OfBucket, Points

_MOST_POINTS: Final = 4_000
"""Texts of so many points are remembered as a whole: for series of some assets over years of days."""
_MOST_REMEMBERED: Final = 20_000
"""Points of all series together. A text takes about 150 bytes."""
_SPARSE: Final = 4
"""If less than one of so many points is there, each bucket is looked at by itself."""
_MOST_IN_TEMPLATES: Final = 20_000
"""Points of all templates that are remembered. One takes about 60 bytes."""
_BETWEEN: Final = "\0"
_MARKS: Final = {attribute: chr(number) for number, attribute in enumerate(OfBucket._fields, 1)}
"""What stands in a text for a value of the bucket. JSON has no such characters."""
_ANY_MARK: Final = re.compile(f"[{''.join(_MARKS.values())}]")
_COUNT: Final = "%d"

_remembered: LRUCache[tuple[Any, ...], Sequence[str]] = LRUCache(_MOST_REMEMBERED, len)


_templates: LRUCache[tuple[Any, ...], bytes] = LRUCache(
    _MOST_IN_TEMPLATES, lambda text: 1 + text.count(b"},")
)


class PointTexts:
    """The texts of the points of one series."""

    def __init__(self, shape: SeriesShape, points: Points, of_groups: Sequence[Mapping[str, Any]]) -> None:
        """`of_groups`: what the points of each group have in common, by the names in the answer."""
        self._timeline, self._now = points.series.buckets, points.now
        self._groups = len(of_groups)
        self._leaves = dict(shape.of_bucket.values())
        self._of_a_bucket = _BETWEEN.join([_text_of_point(shape, of_group) for of_group in of_groups])
        # To join the parts between the marks takes a tenth of the time of replacing the marks.
        self._constant = _ANY_MARK.split(self._of_a_bucket)
        self._attributes = [attribute for attribute, _ in shape.of_bucket.values()]

    def of(self, places: Sequence[int]) -> bytes:
        """The points at these places, with commas between them, and with `%d` for each count. `places` are in
        order."""
        if not isinstance(places, range) or not self._is_remembered():
            return ",".join(self._of(places)).encode()
        key = self._key(), places
        if key not in _templates:
            _templates[key] = ",".join(self._of(places)).encode()
        return _templates[key]

    def _is_remembered(self) -> bool:
        return len(self._timeline) * self._groups <= _MOST_POINTS

    def _of(self, places: Sequence[int]) -> Sequence[str]:
        if self._is_remembered():
            return _chosen(self._all(), places)
        first, last = places[0] // self._groups, places[-1] // self._groups
        if (last + 1 - first) * self._groups <= _SPARSE * len(places):
            return _chosen(self._of_buckets(range(first, last + 1)), places, first * self._groups)
        numbers = [place // self._groups for place in places]
        made = {number: self._of_buckets([number]) for number in dict.fromkeys(numbers)}
        return [made[number][place % self._groups] for number, place in zip(numbers, places, strict=True)]

    def _key(self) -> tuple[Any, ...]:
        running = self._running() if "is_running" in self._leaves else None
        return self._timeline, self._of_a_bucket, running

    def _all(self) -> Sequence[str]:
        key = self._key()
        if key not in _remembered:
            _remembered[key] = self._of_buckets(range(len(self._timeline)))
        return _remembered[key]

    def _running(self) -> int:
        """The number of the bucket that is still running; -1 if none is."""
        starts = (number for number, one in enumerate(self._timeline) if one.start <= self._now < one.end)
        return next(starts, -1)

    def _of_buckets(self, numbers: Sequence[int]) -> Sequence[str]:
        made = [OfBucket.at(self._timeline[number], self._now) for number in numbers]
        texts = {
            attribute: _texts(leaf, [getattr(one, attribute) for one in made])
            for attribute, leaf in self._leaves.items()
        }
        columns = [texts[attribute] for attribute in self._attributes]
        of_each = zip(*columns, strict=True) if columns else [()] * len(made)
        return _BETWEEN.join(map(self._of_bucket, of_each)).split(_BETWEEN)

    def _of_bucket(self, values: tuple[str, ...]) -> str:
        """The texts of its points, with the values of the bucket in the places of the marks."""
        parts = [""] * (2 * len(self._constant) - 1)
        parts[::2] = self._constant
        parts[1::2] = values * self._groups
        return "".join(parts)


def _chosen(texts: Sequence[str], places: Sequence[int], first: int = 0) -> Sequence[str]:
    """`first` is the place of the first text."""
    start, last = places[0] - first, places[-1] - first
    if last - start + 1 == len(places):
        return texts[start : last + 1]
    return [texts[place - first] for place in places]


def _text_of_point(shape: SeriesShape, of_group: Mapping[str, Any]) -> str:
    marks = {name: _MARKS[attribute] for name, (attribute, _) in shape.of_bucket.items()}
    values = marks | dict.fromkeys(shape.of_point, _COUNT)
    shown = [f'"{name}":{values.get(name) or _text(of_group[name])}' for name in shape.names]
    return f"{{{','.join(shown)}}}"


def _texts(leaf: Leaf, values: list[Any]) -> list[str]:
    """Of values of buckets. They are made together, because none of them has a comma or a `%` in it. Raises
    Surprise.
    """
    return json_text(required(leaf, values))[1:-1].decode().split(",")


def _text(value: Any) -> str:
    return json_text(value).decode().replace("%", "%%")


def required(leaf: Leaf, values: list[Any]) -> list[Any]:
    """Completed values, of which none is null. Raises Surprise."""
    if None in values:
        raise Surprise("null where there has to be a value")
    return leaf.completed(values)
