"""Objects of one shape that are answered together, and where each of them stands in the answer."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from execution.faults import Surprise
from execution.shapes import Selected, Shape

_AT_ONCE = 100
"""So many objects are completed without a look at the clock."""


class Pool:
    __slots__ = ("answers", "columns", "objects", "shape", "stand")

    def __init__(self, shape: Shape, objects: Sequence[Any], stand: "Stand | None" = None) -> None:
        self.shape = shape
        self.objects = objects
        self.stand = stand
        """None for objects that stand in no one place: a fault of theirs is not answered here."""
        self.answers: list[dict[str, Any]] = [{} for _ in objects]
        self.columns: dict[str, list[Any]] = {}
        """The values of each field, by its name in the answer."""

    def path(self, number: int) -> list[str | int]:
        if self.stand is None:
            raise Surprise("a fault of what is shown several times")
        return self.stand.path(number)

    def order(self, number: int) -> tuple[int, ...]:
        """Sorts places as they follow in the answer."""
        return self.stand.order(number) if self.stand else ()

    def fill(self) -> None:
        """Puts the columns into the answers."""
        names = self.shape.names
        rows = zip(*[self.columns[name] for name in names], strict=True)
        for answer, row in zip(self.answers, rows, strict=bool(names)):
            answer.update(zip(names, row, strict=True))


class Stand:
    """Where the objects of a pool stand: in the field of other objects, and there in a list."""

    __slots__ = ("_field", "_indexes", "_owners", "_pool")

    def __init__(
        self, pool: Pool, field: Selected, owners: Sequence[int], indexes: Sequence[int] | None
    ) -> None:
        self._pool = pool
        self._field = field
        self._owners = owners
        self._indexes = indexes
        """None where it is no list."""

    def path(self, number: int) -> list[str | int]:
        path = [*self._pool.path(self._owners[number]), self._field.name]
        return path if self._indexes is None else [*path, self._indexes[number]]

    def order(self, number: int) -> tuple[int, ...]:
        place = self._pool.shape.names.index(self._field.name)
        index = 0 if self._indexes is None else self._indexes[number]
        return (*self._pool.order(self._owners[number]), place, index)

    def of(self, chosen: Sequence[int]) -> "Stand":
        """Of some of the objects."""
        owners = [self._owners[number] for number in chosen]
        indexes = None if self._indexes is None else [self._indexes[number] for number in chosen]
        return Stand(self._pool, self._field, owners, indexes)


class Root(Stand):
    """Of the object at the top."""

    __slots__ = ()

    def __init__(self) -> None:
        """It stands in nothing."""

    def path(self, _: int) -> list[str | int]:
        return []

    def order(self, _: int) -> tuple[int, ...]:
        return ()


def pools_of(shape: Shape, objects: Sequence[Any], stand: Stand) -> Iterator[Pool]:
    """Several for many objects, each small enough to be completed at once."""
    if len(objects) <= _AT_ONCE:
        yield Pool(shape, objects, stand)
        return
    for start in range(0, len(objects), _AT_ONCE):
        chosen = range(start, min(start + _AT_ONCE, len(objects)))
        yield Pool(shape, objects[chosen.start : chosen.stop], stand.of(chosen))


def answers_of(pools: Iterable[Pool]) -> Iterator[dict[str, Any]]:
    """In the order of the objects."""
    for pool in pools:
        yield from pool.answers
