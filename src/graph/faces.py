"""Which type of the schema shows a row: the row's own type says it."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar


class Face(Protocol):
    @classmethod
    def of(cls, row: Any, /) -> object: ...


F = TypeVar("F", bound=Face)

_FACES: dict[type, Callable[[Any], object]] = {}


def shows(row: type) -> Callable[[type[F]], type[F]]:
    """The type that is decorated shows such rows, as its `of` makes it of one."""

    def registered(face: type[F]) -> type[F]:
        assert row not in _FACES, f"{row.__name__} has a face"
        _FACES[row] = face.of
        return face

    return registered


def face_of(value: Any) -> Any:
    """Of a list of rows, the list of their faces. What is no row, such as a number, is its own."""
    face = _FACES.get(value.__class__)
    return value if face is None else face(value)


def _faces_of(rows: Iterable[Any]) -> list[Any]:
    return [face_of(row) for row in rows]


_FACES[list] = _FACES[tuple] = _faces_of
