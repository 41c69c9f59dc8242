"""Objects of one shape that are answered together, and where each of them stands in the answer."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from execution.faults import Surprise
from execution.shapes import Selected, Shape
from graph.error_order import Order

AT_ONCE = 100
"""So many objects are completed without a look at the clock."""


class Place(NamedTuple):
    """In the answer."""

    path: tuple[str | int, ...]
    order: Order


class Pool:
    __slots__ = ("_answers", "columns", "objects", "shape", "stand")

    def __init__(self, shape: Shape, objects: Sequence[Any], stand: "Stand | None" = None) -> None:
        self.shape = shape
        self.objects = objects
        self.stand = stand
        """None for objects that stand in no one place: a fault of theirs is not answered here."""
        self._answers: list[dict[str, Any]] | None = None
        self.columns: dict[str, list[Any]] = {}
        """The values of each field, by its name in the answer."""

    def place(self, number: int) -> Place:
        return self._stand.place(number)

    def null_for(self, number: int) -> Place:
        """The place of the null that stands for the object."""
        return self._stand.null_for(number)

    @property
    def _stand(self) -> "Stand":
        if self.stand is None:
            raise Surprise("a fault of what is shown several times")
        return self.stand

    @property
    def answers(self) -> list[dict[str, Any]]:
        """They are empty before the pool is filled."""
        if self._answers is None:
            self._answers = [{} for _ in self.objects]
        return self._answers

    def fill(self) -> None:
        """Puts the columns into the answers."""
        names = self.shape.names
        rows = zip(*[self.columns[name] for name in names], strict=True)
        if self._answers is None and names:
            self._answers = [dict(zip(names, row)) for row in rows]  # noqa: B905
            return
        for answer, row in zip(self.answers, rows, strict=bool(names)):
            answer.update(zip(names, row))  # noqa: B905


class Stand:
    """Where the objects of a pool stand: in the field of other objects, and there in a list."""

    __slots__ = ("_indexes", "_owners", "_pool", "field")

    def __init__(
        self, pool: Pool, field: Selected, owners: Sequence[int], indexes: Sequence[int] | None
    ) -> None:
        self._pool = pool
        self.field = field
        self._owners = owners
        self._indexes = indexes
        """None where it is no list."""

    def place(self, number: int) -> Place:
        path, order = self._place_of_field(number)
        if self._indexes is None:
            return Place(path, order)
        index = self._indexes[number]
        return Place((*path, index), (*order, index))

    def null_for(self, number: int) -> Place:
        """The place of the null that stands for this, or for all around it where null may not stand."""
        is_item = self._indexes is not None
        if not (self.field.item.is_required if is_item or not self.field.is_list else self.field.is_required):
            return self.place(number)
        if is_item and not self.field.is_required:
            return self._place_of_field(number)
        return self._pool.null_for(self._owners[number])

    def _place_of_field(self, number: int) -> Place:
        path, order = self._pool.place(self._owners[number])
        name = self.field.name
        return Place((*path, name), (*order, self._pool.shape.names.index(name)))

    def of(self, chosen: Sequence[int]) -> "Stand":
        """Of some of the objects."""
        owners = [self._owners[number] for number in chosen]
        indexes = None if self._indexes is None else [self._indexes[number] for number in chosen]
        return Stand(self._pool, self.field, owners, indexes)


TOP = Place((), ())
"""Of the whole answer."""


class Root(Stand):
    """Of the object at the top of a plan."""

    __slots__ = ("_place",)

    def __init__(self, place: Place) -> None:
        self._place = place

    def place(self, _: int) -> Place:
        return self._place

    def null_for(self, _: int) -> Place:
        return self._place


def pools_of(shape: Shape, objects: Sequence[Any], stand: Stand) -> Iterator[Pool]:
    """Several for many objects, each small enough to be completed at once."""
    if len(objects) <= AT_ONCE:
        yield Pool(shape, objects, stand)
        return
    for start in range(0, len(objects), AT_ONCE):
        chosen = range(start, min(start + AT_ONCE, len(objects)))
        yield Pool(shape, objects[chosen.start : chosen.stop], stand.of(chosen))


def answers_of(pools: Iterable[Pool]) -> Iterator[dict[str, Any]]:
    """In the order of the objects."""
    for pool in pools:
        yield from pool.answers
