"""Objects of one shape that are answered together, and where each of them stands in the answer."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from execution.faults import Surprise
from execution.shapes import Selected, Shape
from graph.error_order import Order

AT_ONCE = 100
"""So many objects are completed without a look at the clock."""


class Place(NamedTuple):
    """In the answer."""

    path: tuple[str | int, ...]
    order: Order


class Later(Protocol):
    """A column of what is complete only when the pools below are."""

    def made(self) -> list[Any]: ...


Column: TypeAlias = list[Any] | Later


class Pool:
    __slots__ = ("answers", "columns", "objects", "shape", "stand")

    def __init__(self, shape: Shape, objects: Sequence[Any], stand: "Stand | None" = None) -> None:
        self.shape = shape
        self.objects = objects
        self.stand = stand
        """None for objects that stand in no one place: a fault of theirs is not answered here."""
        self.answers: list[dict[str, Any]] = []
        """As they stand in the answer, once the pool is filled."""
        self.columns: dict[str, Column] = {}
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

    def list_of(self, name: str) -> list[Any]:
        """The column of this name. What is below is complete."""
        column = self.columns[name]
        if not isinstance(column, list):
            column = self.columns[name] = column.made()
        return column

    def fill(self) -> None:
        """Makes the answers of the columns. What is below is complete."""
        names = self.shape.names
        if names:
            self.answers = self.shape.objects_of(map(self.list_of, names))
        else:
            self.answers = [{} for _ in self.objects]


class OfPools:
    """The answers of pools that follow one another."""

    __slots__ = ("_pools",)

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    def made(self) -> list[Any]:
        if len(self._pools) == 1:
            return self._pools[0].answers
        return [answer for pool in self._pools for answer in pool.answers]


class OfSeveral:
    """A column of several parts, each with the numbers of its places. All other places are null."""

    __slots__ = ("_length", "_parts")

    def __init__(self, length: int, parts: Sequence[tuple[Sequence[int], Column]]) -> None:
        self._length = length
        self._parts = parts

    def made(self) -> list[Any]:
        found: list[Any] = [None] * self._length
        for numbers, part in self._parts:
            for number, one in zip(numbers, made_of(part), strict=True):
                found[number] = one
        return found


class OfLists:
    """A column of lists, whose items are one column together."""

    __slots__ = ("_items", "_lists", "_owners")

    def __init__(self, lists: list[Any], owners: Sequence[int], items: Column) -> None:
        """`lists`: each is empty. `owners`: of each item the number of its list."""
        self._lists = lists
        self._owners = owners
        self._items = items

    def made(self) -> list[Any]:
        lists = self._lists
        for owner, item in zip(self._owners, made_of(self._items), strict=True):
            lists[owner].append(item)
        return lists


def made_of(column: Column) -> list[Any]:
    return column if isinstance(column, list) else column.made()


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
