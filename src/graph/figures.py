"""Fields made from the tables of figures."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from figures.figure import Figures
from graph.fields import described
from graph.scalars import BigInt

T = TypeVar("T")

_TYPES: Mapping[Any, Any] = {int: BigInt, int | None: BigInt | None, float: float, Decimal: Decimal}
"""The type in the schema, by the type of the value."""


def with_totals(face: type[T], totals: Any, **own: Any) -> T:
    """An object of a type with figures. Each figure is made of the totals when it is asked for."""
    made = object.__new__(face)
    made.__dict__.update(own, _totals=totals)
    return made


def _figure(self: Any, name: str) -> Any:
    """Of an object, which does not have it yet."""
    figure = type(self)._figures.get(name)
    if figure is None:
        raise AttributeError(name)
    value = self.__dict__[name] = figure.fold.of(self.__dict__["_totals"])
    return value


def with_figures(figures: Figures, *, after: str | None = None) -> Callable[[type[T]], type[T]]:
    """Gives a class a field for each figure, before it becomes a type of the schema.

    The fields come after the field `after`, or before all others. An object is made with their values, by the
    names of the figures, or by `with_totals`.
    """

    def added(face: type[T]) -> type[T]:
        own = face.__annotations__
        place = list(own).index(after) + 1 if after else 0
        types = [*own.items()]
        types[place:place] = [(figure.name, _TYPES[figure.value]) for figure in figures]
        face.__annotations__ = dict(types)
        face._figures = {**getattr(face, "_figures", {}), **{one.name: one for one in figures}}  # type: ignore[attr-defined]
        face.__getattr__ = _figure  # type: ignore[attr-defined]
        for figure in figures:
            setattr(face, figure.name, described(figure.words))
        return face

    return added
