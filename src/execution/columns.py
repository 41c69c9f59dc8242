"""Values of a field, completed for all objects of a pool at once."""

from collections.abc import Awaitable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from graphql import located_error

from base.errors import ExpectedError
from execution.faults import Surprise
from execution.pools import Column, OfLists, OfPools, OfSeveral, Pool, Stand, pools_of
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

    def completed(self, pool: Pool, field: Selected, values: list[Any], below: Below) -> Column:
        """What stands in the answer for each value, where an exception stands for what failed.

        Adds to `below` what is still to be completed in it. Raises Surprise.
        """
        if field.is_list:
            return self._lists(pool, field, values, below)
        if field.item.leaf and (shown := field.item.leaf.shown_at_once(values)) is not None:
            return shown
        return self._items(Stand(pool, field, range(len(values)), None), values, below)

    def _lists(self, pool: Pool, field: Selected, values: list[Any], below: Below) -> Column:
        stand = Stand(pool, field, range(len(values)), None)
        present = self._without_faults(stand, values, is_required=field.is_required)
        made: list[Any] = [None] * len(present)
        owners: list[int] = []
        indexes: list[int] = []
        items: list[Any] = []
        for number, value in enumerate(present):
            if isinstance(value, Points):
                below.append(self._series(field.item, value, made, number))
            elif value is not None:
                owners.extend([number] * len(_listed(value)))
                indexes.extend(range(len(value)))
                items.extend(value)
                made[number] = []
        return OfLists(made, owners, self._items(Stand(pool, field, owners, indexes), items, below))

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

    def _items(self, stand: Stand, values: list[Any], below: Below) -> Column:
        item = stand.field.item
        present = self._without_faults(stand, values, is_required=item.is_required)
        if item.leaf:
            return item.leaf.completed(present)
        return self._objects(stand, item, present, below)

    def _objects(self, stand: Stand, item: Item, values: list[Any], below: Below) -> Column:
        kinds = set(map(type, values))
        if len(kinds) == 1 and _NONE not in kinds:
            return self._of_shape(_shape_of(item, values[0]), values, stand, below)
        by_class: dict[type, list[int]] = {}
        for number, value in enumerate(values):
            if value is not None:
                by_class.setdefault(value.__class__, []).append(number)
        parts: list[tuple[list[int], Column]] = []
        for numbers in by_class.values():
            objects = [values[number] for number in numbers]
            answers = self._of_shape(_shape_of(item, objects[0]), objects, stand.of(numbers), below)
            parts.append((numbers, answers))
        return OfSeveral(len(values), parts)

    def _of_shape(self, shape: Shape, objects: list[Any], stand: Stand, below: Below) -> Column:
        pools = list(pools_of(shape, objects, stand))
        below.extend(pools)
        return OfPools(pools)

    def _without_faults(self, stand: Stand, values: list[Any], *, is_required: bool) -> list[Any]:
        kinds = set(map(type, values))
        if is_required and _NONE in kinds:
            raise Surprise("null where there has to be a value")
        if all(map(_is_value, kinds)):
            return values
        return [
            self._without_fault(stand, number, value, is_required=is_required)
            for number, value in enumerate(values)
        ]

    def _without_fault(self, stand: Stand, number: int, value: Any, *, is_required: bool) -> Any:
        if isinstance(value, Awaitable):
            raise Surprise("something to wait for within a value")
        if not isinstance(value, Exception):
            return value
        if isinstance(value, Surprise):
            raise value
        place, null = stand.place(number), stand.null_for(number)
        error = located_error(value, stand.field.nodes, list(place.path))
        self.faults.append(Fault(null.order, place.order, error))
        if is_required:
            self.nulls.append(null.path)
        return None


@lru_cache(1_000)
def _is_value(kind: type) -> bool:
    return not issubclass(kind, (Exception, Awaitable))


def _listed(value: Any) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise Surprise("no list where one is planned")
    return value


def _shape_of(item: Item, value: Any) -> Shape:
    shape = item.shapes.get(value.__class__, item.shape)
    if shape is None:
        raise Surprise("an object of another class")
    return shape
