from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from typing import Any, Protocol, TypeAlias, TypeVar

import strawberry
from strawberry.types import get_object_definition

from base.ids import Kind, global_id
from graph.face_columns import MadeOf, ReadOf
from graph.fields import described

LegacyId: TypeAlias = strawberry.ID | None


T = TypeVar("T")


class Legacy(Protocol):
    """A row."""

    @property
    def legacy_id(self) -> str | None: ...


@strawberry.interface(description="An object with a global id, by which `node` finds it again.")
class Node:
    id: strawberry.ID = described("A global id: opaque, and stable for as long as the object exists.")


def legacy_id(*, is_taken: bool = True) -> Any:
    """For types whose objects may come from another system. `is_taken`: whether arguments take the id."""
    words = (
        "The id that it had in the system that it came from: a whole number, or a UUID; null if it came from "
        "none."
    )
    taken = " Queries and mutations take it in place of the global id; `node`, `nodes` and events do not."
    return described(words + taken if is_taken else words)


def legacy_id_of(row: Legacy) -> LegacyId:
    return None if row.legacy_id is None else strawberry.ID(row.legacy_id)


def with_row(face: type[T], row: Any) -> T:
    """An object of a type that `of_row` decorates."""
    made: Any = object.__new__(face)
    made.row = row
    whole: T = made
    return whole


def with_rows(face: type[T], rows: Sequence[Any]) -> list[T]:
    """The same of many rows."""
    made: list[Any] = list(map(object.__new__, repeat(face, len(rows))))
    for one, row in zip(made, rows, strict=True):
        one.row = row
    return made


def of_columns(**columns: str) -> Callable[[type[T]], type[T]]:
    """For a type of the schema whose fields of these names are such columns of its `row`. Each is read when
    it is asked for. Objects are made by `with_row`.
    """

    def added(face: type[T]) -> type[T]:
        for name, column in columns.items():
            setattr(face, name, ReadOf("row", column))
        face.of_all = partial(with_rows, face)  # type: ignore[attr-defined]
        return face

    return added


def of_row(kind: Kind) -> Callable[[type[T]], type[T]]:
    """For a type of the schema whose plain fields are columns of its `row`. Each is read when it is asked
    for, and the global id, of this kind, is made then. Objects are made by `with_row`.
    """

    def added(face: type[T]) -> type[T]:
        fields = get_object_definition(face, strict=True).fields
        plain = [field.python_name for field in fields if field.base_resolver is None]
        of_columns(**dict(zip(plain, plain, strict=True)))(face)
        face.id = MadeOf("row.public_id", partial(global_id, kind))  # type: ignore[attr-defined]
        return face

    return added
