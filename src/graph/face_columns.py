"""Attributes of objects of one type, read for many of them at once."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from inspect import getattr_static
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

Column: TypeAlias = Callable[[Sequence[Any]], Iterable[Any]]
"""What is made of each of many values."""


class ReadOf(property):
    """A property that is an attribute of another attribute."""

    def __init__(self, attribute: str, name: str) -> None:
        self.attribute = attribute
        self.made_of_all: Column = partial(map, attrgetter(name))
        super().__init__(attrgetter(f"{attribute}.{name}"))


class MadeOf(property):
    """A property that is made of another attribute."""

    def __init__(self, attribute: str, made: Callable[[Any], Any], made_of_all: Column | None = None) -> None:
        """`made_of_all` makes the same of many."""
        self.attribute = attribute
        self.made_of_all: Column = partial(map, made) if made_of_all is None else made_of_all
        read = attrgetter(attribute)
        super().__init__(lambda face: made(read(face)))


def made_of(**made: tuple[str, Callable[[Any], Any]]) -> Callable[[type[T]], type[T]]:
    """Gives a type of the schema fields that are made when they are asked for: each of an attribute."""

    def added(face: type[T]) -> type[T]:
        for name, (attribute, make) in made.items():
            setattr(face, name, MadeOf(attribute, make))
        return face

    return added


class FaceColumn(NamedTuple):
    """How an attribute is read of many objects of one class."""

    attribute: str
    """What is read of each object."""
    made_of_all: Column | None = None
    """What makes the values of that. None if it is them."""


def column_of(face: type, name: str) -> FaceColumn:
    found = getattr_static(face, name, None)
    if isinstance(found, ReadOf | MadeOf):
        return FaceColumn(found.attribute, found.made_of_all)
    return FaceColumn(name)
