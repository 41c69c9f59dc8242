"""What a row of a table of figures says."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from figures.folds import Fold

V = TypeVar("V")


class Column(NamedTuple):
    """How a figure stands in reports."""

    heading: str
    words: str
    """What it means, for whoever reads the report and no schema."""


@dataclass(frozen=True)
class Figure(Generic[V]):
    name: str
    """As in the schema; of one that is not in it, as the documents call it."""
    fold: Fold[V]
    unit: str
    """What it is a number of."""
    words: str
    """The description in the schema."""
    column: Column | None = None
    """None where reports do not show it."""
    is_in_schema: bool = True

    # A figure can be a part of others, as a fold can.

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
    """By their names."""
    return {figure.name: figure.fold.of(totals) for figure in figures}


def keys_of(figures: Iterable[Figure[Any]]) -> tuple[Any, ...]:
    """The totals that all of them are made of, each once."""
    return tuple(dict.fromkeys(key for figure in figures for key in figure.keys))


def in_schema(figures: Iterable[Figure[Any]]) -> Figures:
    return tuple(figure for figure in figures if figure.is_in_schema)
