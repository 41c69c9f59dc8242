"""Attributes of objects of one type, read for many of them at once."""

from collections.abc import Callable, Iterable, Sequence
from inspect import getattr_static
from operator import attrgetter
from typing import Any, TypeAlias

Column: TypeAlias = Callable[[Sequence[Any]], Iterable[Any]]
"""The values of an attribute, in the order of the objects, which are of one class."""


class MadeOf(property):
    """A property that is made of another attribute."""

    def __init__(self, attribute: str, made: Callable[[Any], Any]) -> None:
        self._read = attrgetter(attribute)
        self._made = made
        super().__init__(lambda face: made(self._read(face)))

    def of_all(self, faces: Sequence[Any]) -> Iterable[Any]:
        return map(self._made, map(self._read, faces))


def column_of(face: type, name: str) -> Column | None:
    """The same as to ask each object of exactly this class for its attribute. None where that is quickest."""
    attribute = getattr_static(face, name, None)
    if isinstance(attribute, MadeOf):
        return attribute.of_all
    if not isinstance(attribute, property) or attribute.fget is None:
        return None
    read = attribute.fget
    return lambda faces: map(read, faces)
