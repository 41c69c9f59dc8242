"""What an event happened to, as the schema names it. It has a field for each kind of subject, made from
the table of kinds."""

from typing import Any, TypeVar, assert_never

import strawberry
from msgspec.structs import fields

from base.kinds import SUBJECTS
from graph.fields import described
from ingest.wire import WireSource, WireSubject, WireWork
from models import SourceType

T = TypeVar("T")


@strawberry.input(description="Names a work of a user. The user's insight must have it.")
class WorkKey:
    user_id: strawberry.ID = described("Whose work it is.")
    source_type: SourceType = described("Where it is published.")
    item_id: str = described("YouTube video id or SoundCloud track id.")


_TYPES = {str | None: strawberry.ID | None, WireWork | None: WorkKey | None}
"""The type in the schema, by the type on the wire."""


def _with_subjects(face: type[T]) -> type[T]:
    """Gives a class its fields, before it becomes a type of the schema."""
    face.__annotations__ = {field.name: _TYPES[field.type] for field in fields(WireSubject)}
    for entry in SUBJECTS.values():
        setattr(face, entry.field, described(entry.words))
    return face


@strawberry.input(description="What an event happened to: exactly one field is given.", one_of=True)
@_with_subjects
class EventSubject:
    def wire(self) -> WireSubject:
        return WireSubject(**{entry.field: _wire(getattr(self, entry.field)) for entry in SUBJECTS.values()})


def _wire(given: str | WorkKey | None) -> Any:
    match given:
        case WorkKey():
            return WireWork(given.user_id, WireSource[given.source_type.name], given.item_id)
        case str() | None:
            return given
        case _:
            assert_never(given)
