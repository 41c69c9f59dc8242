"""Ids as the three APIs write them: UUIDs and whole numbers."""

from uuid import UUID

from msgspec import Struct

from base.ids import parse_global_id, uuid_in

_BITS = 53
"""A number in JSON holds so many without loss."""


class Identified(Struct):
    """An object, as GraphQL names it."""

    id: str
    legacyId: str | None

    def uuid(self) -> UUID:
        """Its legacy id, if that is a UUID; otherwise the UUID in its global id."""
        return uuid_in(self.legacyId or "") or self._own()

    def number(self) -> int:
        """Its legacy id, if that is a number; otherwise the last 53 bits of the UUID in its global id."""
        if self.legacyId and self.legacyId.isdecimal():
            return int(self.legacyId)
        return self._own().int & ((1 << _BITS) - 1)

    def _own(self) -> UUID:
        return parse_global_id(self.id)[1]
