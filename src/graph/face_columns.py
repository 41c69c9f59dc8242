"""Attributes of objects of one type, read for many of them at once."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from inspect import getattr_static
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Column: TypeAlias = Callable[[Sequence[Any]], Iterable[Any]]
"""The values of an attribute, in the order of the objects, which are of one class."""


class MadeOf(property):
    """A property that is made of another attribute."""

    def __init__(self, attribute: str, made: Callable[[Any], Any], made_of_all: Column | None = None) -> None:
        """`made_of_all` makes the same of many."""
        self._read = attrgetter(attribute)
        self._made_of_all: Column = partial(map, made) if made_of_all is None else made_of_all
        super().__init__(lambda face: made(self._read(face)))

    def of_all(self, faces: Sequence[Any]) -> Iterable[Any]:
        return self._made_of_all(list(map(self._read, faces)))


def made_of(**made: tuple[str, Callable[[Any], Any]]) -> Callable[[type[T]], type[T]]:
    """Gives a type of the schema fields that are made when they are asked for: each of an attribute."""

    def added(face: type[T]) -> type[T]:
        for name, (attribute, make) in made.items():
            setattr(face, name, MadeOf(attribute, make))
        return face

    return added


def column_of(face: type, name: str) -> Column | None:
    """The same as to ask each object of exactly this class for its attribute. None where that is quickest."""
    attribute = getattr_static(face, name, None)
    if isinstance(attribute, MadeOf):
        return attribute.of_all
    if not isinstance(attribute, property) or attribute.fget is None:
        return None
    read = attribute.fget
    return lambda faces: map(read, faces)
