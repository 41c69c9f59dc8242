"""Values of a field, completed for all objects of a pool at once."""

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, TypeAlias

from graphql import located_error

from base.errors import ExpectedError
from execution.faults import Surprise
from execution.pools import Pool, Stand, answers_of, pools_of
from execution.series import PointsOfSeries
from execution.shapes import Item, Selected, Shape
from graph.error_order import Fault
from graph.types.views import Points
from resolvers.context import Context

_NONE = type(None)


Below: TypeAlias = list[Pool | PointsOfSeries]
"""What has to be completed before a column is."""


class Columns:
    """Completes the columns of one answer, and keeps what went wrong in them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.faults: list[Fault] = []
        self.nulls: list[tuple[str | int, ...]] = []
        """The paths of what becomes null because null may not stand where something failed."""

    def completed(self, pool: Pool, field: Selected, values: list[Any], below: Below) -> list[Any]:
        """What stands in the answer for each value, where an exception stands for what failed.

        Adds to `below` what is still to be completed in it. Raises Surprise.
        """
        if field.is_list:
            return self._lists(pool, field, values, below)
        column = _Column(pool, field, range(len(values)), None)
        return self._items(column, values, below)

    def _lists(self, pool: Pool, field: Selected, values: list[Any], below: Below) -> list[Any]:
        column = _Column(pool, field, range(len(values)), None)
        present = self._without_faults(column, values, is_required=field.is_required)
        made: list[Any] = [None] * len(present)
        owners: list[int] = []
        items: list[Any] = []
        for number, value in enumerate(present):
            if isinstance(value, Points):
                below.append(self._series(field.item, value, made, number))
            elif value is not None:
                owners.extend([number] * len(_listed(value)))
                items.extend(value)
                made[number] = []
        indexes = _indexes(owners)
        shown = self._items(_Column(pool, field, owners, indexes), items, below)
        for owner, item in zip(owners, shown, strict=True):
            made[owner].append(item)
        return made

    def _series(self, item: Item, points: Points, made: list[Any], number: int) -> PointsOfSeries:
        if item.shape is None or item.shape.series is None:
            raise Surprise("points where none are planned")
        if len(points):
            self._take(points)
        return PointsOfSeries(item.shape.series, points, made, number)

    def _take(self, points: Points) -> None:
        series = points.series
        try:
            self._context.loaders.shown_points.take(len(series.buckets), len(series.groups), len(points))
        except ExpectedError as error:
            raise Surprise("too many points") from error

    def _items(self, column: "_Column", values: list[Any], below: Below) -> list[Any]:
        item = column.field.item
        present = self._without_faults(column, values, is_required=item.is_required)
        if item.leaf:
            return item.leaf.completed(present)
        return _objects(column, item, present, below)

    def _without_faults(self, column: "_Column", values: list[Any], *, is_required: bool) -> list[Any]:
        kinds = set(map(type, values))
        if is_required and _NONE in kinds:
            raise Surprise("null where there has to be a value")
        if not any(issubclass(kind, (Exception, Awaitable)) for kind in kinds):
            return values
        return [
            self._without_fault(column, number, value, is_required=is_required)
            for number, value in enumerate(values)
        ]

    def _without_fault(self, column: "_Column", number: int, value: Any, *, is_required: bool) -> Any:
        if isinstance(value, Awaitable):
            raise Surprise("something to wait for within a value")
        if not isinstance(value, Exception):
            return value
        if isinstance(value, Surprise):
            raise value
        place, null = column.stand.place(number), column.stand.null_for(number)
        error = located_error(value, column.field.nodes, list(place.path))
        self.faults.append(Fault(null.order, place.order, error))
        if is_required:
            self.nulls.append(null.path)
        return None


class _Column:
    """The values of one field, or all items of its lists."""

    __slots__ = ("field", "stand")

    def __init__(
        self, pool: Pool, field: Selected, owners: Sequence[int], indexes: Sequence[int] | None
    ) -> None:
        self.field = field
        self.stand = Stand(pool, field, owners, indexes)


def _listed(value: Any) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise Surprise("no list where one is planned")
    return value


def _indexes(owners: Iterable[int]) -> list[int]:
    """The place of each in the list of its owner."""
    indexes: list[int] = []
    last, index = -1, 0
    for owner in owners:
        index = index + 1 if owner == last else 0
        last = owner
        indexes.append(index)
    return indexes


def _objects(column: _Column, item: Item, values: list[Any], below: Below) -> list[Any]:
    by_shape: dict[Shape, list[int]] = {}
    for number, value in enumerate(values):
        if value is not None:
            shape = item.shapes.get(value.__class__, item.shape)
            if shape is None:
                raise Surprise("an object of another class")
            by_shape.setdefault(shape, []).append(number)
    made: list[Any] = [None] * len(values)
    for shape, numbers in by_shape.items():
        pools = list(pools_of(shape, [values[number] for number in numbers], column.stand.of(numbers)))
        below.extend(pools)
        for number, answer in zip(numbers, answers_of(pools), strict=True):
            made[number] = answer
    return made
