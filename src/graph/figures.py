"""Fields made from the tables of figures."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import repeat
from typing import Any, TypeVar

from figures.figure import Figures
from figures.folds import of_all
from graph.face_columns import MadeOf
from graph.fields import described
from graph.scalars import BigInt

T = TypeVar("T")

_TYPES: Mapping[Any, Any] = {int: BigInt, int | None: BigInt | None, float: float, Decimal: Decimal}
"""The type in the schema, by the type of the value."""


def with_totals(face: type[T], totals: Any) -> T:
    """An object of a type with figures. Each is made of the totals when it is asked for: see `of_totals`."""
    made: Any = object.__new__(face)
    made._totals = totals
    whole: T = made
    return whole


def all_with_totals(face: type[T], totals: Sequence[Any]) -> list[T]:
    """The same of many."""
    made: list[Any] = list(map(object.__new__, repeat(face, len(totals))))
    for one, of_one in zip(made, totals, strict=True):
        one._totals = of_one
    return made


def of_totals(figures: Figures, **parts: type) -> Callable[[type[T]], type[T]]:
    """For a type of the schema with these figures whose objects are made by `with_totals`. `parts`: fields
    that are further types with figures, made of the same totals.
    """

    def added(face: type[T]) -> type[T]:
        for figure in figures:
            fold = figure.fold
            setattr(face, figure.name, MadeOf("_totals", fold.of, of_all(fold)))
        for name, part in parts.items():
            setattr(face, name, MadeOf("_totals", partial(with_totals, part)))
        return face

    return added


def with_figures(figures: Figures, *, after: str | None = None) -> Callable[[type[T]], type[T]]:
    """Gives a class a field for each figure, before it becomes a type of the schema.

    The fields come after the field `after`, or before all others. An object is made with their values, by the
    names of the figures.
    """

    def added(face: type[T]) -> type[T]:
        own = face.__annotations__
        place = list(own).index(after) + 1 if after else 0
        types = [*own.items()]
        types[place:place] = [(figure.name, _TYPES[figure.value]) for figure in figures]
        face.__annotations__ = dict(types)
        for figure in figures:
            setattr(face, figure.name, described(figure.words))
        return face

    return added
