"""One row of a table of figures."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from figures.folds import Fold

V = TypeVar("V")


class Column(NamedTuple):
    """How reports show a figure."""

    heading: str
    words: str
    """What the figure means, for readers of the report who do not know the schema."""


@dataclass(frozen=True)
class Figure(Generic[V]):
    name: str
    """The name in the schema. A figure that is not in the schema has the name that the documents use."""
    fold: Fold[V]
    unit: str
    """What the number counts, such as views."""
    words: str
    """The description in the schema."""
    column: Column | None = None
    """None if reports do not show the figure."""
    is_in_schema: bool = True

    # A figure has what a fold has, so it can be a part of another fold.

    @property
    def value(self) -> Any:
        return self.fold.value

    @property
    def keys(self) -> tuple[Hashable, ...]:
        return self.fold.keys

    def of(self, totals: Any, /) -> V:
        return self.fold.of(totals)

    def __str__(self) -> str:
        return f"`{self.name}`" if self.is_in_schema else self.name


Figures = tuple[Figure[Any], ...]


def values(figures: Iterable[Figure[Any]], totals: Any) -> dict[str, Any]:
    """The values of the figures, by their names."""
    return {figure.name: figure.fold.of(totals) for figure in figures}


def keys_of(figures: Iterable[Figure[Any]]) -> tuple[Any, ...]:
    """The keys of all totals that the figures are made of, each once."""
    return tuple(dict.fromkeys(key for figure in figures for key in figure.keys))


def in_schema(figures: Iterable[Figure[Any]]) -> Figures:
    return tuple(figure for figure in figures if figure.is_in_schema)
