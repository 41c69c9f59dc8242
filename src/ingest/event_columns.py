"""Events as columns, from the door to the commit. C code reads, compares and counts a column at once, where a
loop of Python takes events one by one.
"""

from collections.abc import Iterable, Sequence
from itertools import compress
from operator import eq, itemgetter
from typing import Any, NamedTuple, Self

from base.packed import packed_instant
from ingest.events import NewEvent


def have_none(column: Sequence[Any]) -> bool:
    """Whether None is among the values. To compare each with None takes four times as long."""
    return not all(column) and None in column


_FEW = 2


class EventColumns(NamedTuple):
    """The fields of `NewEvent`, packed as in `base.packed`. All columns have the same length."""

    tenant_ids: Sequence[int]
    ids: Sequence[bytes]
    subject_ids: Sequence[int]
    actions: Sequence[int]
    instants: Sequence[int]
    """When they happened."""
    devices: Sequence[int]
    domains: Sequence[str | None]
    view_ids: Sequence[bytes | None]
    user_ids: Sequence[int | None]
    visitors: Sequence[bytes | None]
    are_believed: Sequence[bool]

    @classmethod
    def of(cls, events: Iterable[NewEvent]) -> Self:
        rows = list(map(_row, events))
        return cls(*zip(*rows, strict=True)) if rows else cls.none()

    @classmethod
    def none(cls) -> Self:
        return cls(*[()] * len(cls._fields))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        if len(parts) == 1:
            return parts[0]
        return cls(*(_in_a_row(columns) for columns in zip(*parts, strict=True)))

    @property
    def size(self) -> int:
        """How many events they are."""
        return len(self.ids)

    @property
    def have_users(self) -> bool:
        """Whether one of the events has a user."""
        return self.user_ids.count(None) < len(self.user_ids)

    def between(self, start: int, stop: int) -> Self:
        return self._made(column[start:stop] for column in self)

    def at(self, places: Sequence[int]) -> Self:
        if len(places) == self.size and all(map(eq, places, range(self.size))):
            return self
        if len(places) < _FEW:
            return self._made([column[place] for place in places] for column in self)
        taken = itemgetter(*places)
        return self._made(map(taken, self))

    def where(self, are_wanted: Sequence[Any]) -> Self:
        if all(are_wanted):
            return self
        return self._made(list(compress(column, are_wanted)) for column in self)

    def _made(self, columns: Iterable[Sequence[Any]]) -> Self:
        return type(self)(*columns)


def _in_a_row(columns: Iterable[Sequence[Any]]) -> list[Any]:
    whole: list[Any] = []
    for column in columns:
        # `chain` would take each value by itself.
        whole.extend(column)
    return whole


def _row(event: NewEvent) -> tuple[Any, ...]:
    tenant_id, id, subject_id, action, at, device, domain, view_id, user_id, visitor, is_believed, _ = event
    return (
        tenant_id,
        id.bytes,
        subject_id,
        int(action),
        packed_instant(at),
        int(device),
        domain,
        view_id.bytes if view_id else None,
        user_id,
        visitor,
        is_believed,
    )
