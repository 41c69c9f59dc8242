"""Ids as the three APIs write them: UUIDs and whole numbers."""

from collections.abc import Iterable
from uuid import UUID

from base.ids import Kind, global_id, parse_global_id

_BITS = 53
"""A number in JSON holds so many without loss."""


def uuid_of(id: str) -> UUID:
    """The UUID in a global id."""
    return parse_global_id(id)[1]


def number_of(id: str) -> int:
    """The last 53 bits of the UUID in a global id. It stays the same for as long as the object exists."""
    return uuid_of(id).int & ((1 << _BITS) - 1)


def id_of(kind: Kind, text: str) -> str:
    """The global id for a UUID. Any other text stays as it is: a global id, or one that finds nothing."""
    try:
        return global_id(kind, UUID(text))
    except ValueError:
        return text


def ids_of(kind: Kind, texts: Iterable[str] | None) -> list[str] | None:
    return None if texts is None else [id_of(kind, text) for text in texts]
