"""Finds the type of the schema that shows a row, by the type of the row."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar


class Face(Protocol):
    @classmethod
    def of(cls, row: Any, /) -> object: ...


F = TypeVar("F", bound=Face)

_FACES: dict[type, Callable[[Any], object]] = {}
_FACES_OF_ALL: dict[type, Callable[[Sequence[Any]], list[Any]]] = {}
"""What makes the same of many rows in less time."""
_ROWS: dict[type, type] = {}
"""By their faces."""


def shows(row: type) -> Callable[[type[F]], type[F]]:
    """The decorated type shows such rows. Its `of` makes an object of a row, and its `of_all`, if it has one,
    those of many rows.
    """

    def registered(face: type[F]) -> type[F]:
        assert row not in _FACES, f"{row.__name__} has a face"
        _FACES[row] = face.of
        if of_all := getattr(face, "of_all", None):
            _FACES_OF_ALL[row] = of_all
        _ROWS[face] = row
        return face

    return registered


def row_of(face: type) -> type | None:
    """The type of the rows that the type of the schema shows, if it shows rows."""
    return _ROWS.get(face)


def face_of(value: Any) -> Any:
    """The face of a row. For a list of rows, it is the list of their faces. Any other value, such as a
    number, stays as it is."""
    face = _FACES.get(value.__class__)
    return value if face is None else face(value)


def faces_of(values: Sequence[Any]) -> list[Any]:
    kinds = set(map(type, values))
    if len(kinds) != 1:
        return list(map(face_of, values))
    (kind,) = kinds
    if of_all := _FACES_OF_ALL.get(kind):
        return of_all(values)
    face = _FACES.get(kind)
    return list(values) if face is None else list(map(face, values))


_FACES[list] = _FACES[tuple] = faces_of


def is_row(kind: type) -> bool:
    """Whether a value of this class is shown by itself, and is no list of others."""
    return _FACES.get(kind) is not faces_of
