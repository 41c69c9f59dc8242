"""What an operation costs, as a sum that is added up anew for each request's variables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from graph.series import Known, Points, SeriesAsked, Variables

MOST = 2**53 - 1
"""The largest number that JavaScript reads exactly. A higher cost is shown as this."""
TENTHS = 10
"""The tenths in a unit of cost. All parts of a sum are in tenths."""
_POINT = 1
"""For each point of a series, selected or not."""


class Given(NamedTuple):
    """What a request adds to its document."""

    variables: Variables
    known: Known
    series: Sequence[Points]
    """The points of each series, in the order of `Price.series`."""


Size: TypeAlias = Callable[[Given], int]
"""The number of items of a list."""
Part: TypeAlias = int | Callable[[Given], int]
"""A part of the sum. It is a number if no list is below, as with most of what is selected."""


@dataclass(slots=True)
class Selected:
    """What is selected under one name, by all fields and fragments that select it."""

    weight: int = 0
    sizes: list[Size] = field(default_factory=list)
    """The sizes of the list, if it is one. The largest counts: fields of several types may have this name."""
    sized: dict[str, list[Size]] = field(default_factory=dict)
    """The sizes of lists one level below, by their fields: a connection says how many edges it has."""
    children: "dict[str, Selected]" = field(default_factory=dict)
    series: list[Size] = field(default_factory=list)
    """The points of the series, if it is one."""
    read: list[Size] = field(default_factory=list)
    """The cost of what is read for these points, in tenths."""
    spread: set[tuple[str, int]] = field(default_factory=set)
    """The fragments that were spread here, each with the id of its place: to spread one again adds
    nothing."""

    def tenths(self) -> Part:
        """What it costs with all that is below."""
        points = _scaled(_POINT, self.series) if self.series else 0
        read = _scaled(1, self.read) if self.read else 0
        below = [child.tenths() for child in self.children.values()]
        return _scaled(_sum([self.weight, points, read, *below]), self.sizes)

    def points(self) -> Part:
        """How many points are made, with all that is below."""
        own = _scaled(1, self.series) if self.series else 0
        return _scaled(_sum([own, *(child.points() for child in self.children.values())]), self.sizes)


def _sum(parts: Iterable[Part]) -> Part:
    parts = list(parts)
    fixed = sum(part for part in parts if isinstance(part, int))
    varying = [part for part in parts if not isinstance(part, int)]
    if not varying:
        return fixed
    return lambda given: fixed + sum(part(given) for part in varying)


def _scaled(part: Part, sizes: Sequence[Size]) -> Part:
    if not sizes or part == 0:
        return part
    if isinstance(part, int):
        return lambda given: part * max(size(given) for size in sizes)
    return lambda given: part(given) * max(size(given) for size in sizes)


def _value(part: Part, given: Given) -> int:
    return part if isinstance(part, int) else part(given)


class Estimate(NamedTuple):
    cost: int
    points: int
    """The points of all series together, each series as often as it is made."""
    series: Sequence[Points]
    """The points of each series, counted once, in the order of `Price.series`."""


class Price(NamedTuple):
    """What an operation costs, whatever its variables are."""

    tenths: Part
    points: Part
    series: Sequence[SeriesAsked]
    selected: int
    """How many selections the sum is made of; 0 if the sum is the same each time, and they are not kept."""

    def of(self, variables: Variables, known: Known) -> Estimate:
        series = [asked.points(variables, known) for asked in self.series]
        given = Given(variables, known, series)
        cost = min(-(-_value(self.tenths, given) // TENTHS), MOST)
        return Estimate(cost, min(_value(self.points, given), MOST), series)


TOO_MUCH = Price(MOST * TENTHS, 0, (), 0)
"""For an operation that selects too much to be added up."""
