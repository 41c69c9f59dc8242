"""Engaged views, in which people interacted. Each is counted once, at its first interaction.

The first interaction may arrive last. Then the view moves from one total to another, so that the totals never
depend on the order in which events come.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import compress
from operator import itemgetter
from typing import Any, NamedTuple, Self

from database import Bulk
from ingest.deltas import Days, PackedKey
from ingest.event_columns import EventColumns
from models import Action, EngagedView

_VIEW = itemgetter(0, 1)
_INTERACTION = int(Action.INTERACTION)
_CHANGE = ", ".join(
    f"{column} = excluded.{column}"
    for column in ("subject_id", "event_id", "occurred_at", "device", "domain_id")
)


class FirstInteraction(NamedTuple):
    """The first interaction of a view, with packed values. Of two, the smaller is the earlier."""

    tenant_id: int
    view_id: bytes
    occurred_at: int
    event_id: bytes
    subject_id: int
    device: int
    domain_id: int

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Self:
        tenant_id, view_id, subject_id, event_id, occurred_at, device, domain_id = row
        return cls(tenant_id, view_id, occurred_at, event_id, subject_id, device, domain_id)

    def row(self) -> tuple[object, ...]:
        """In the order of the table's columns."""
        return (
            self.tenant_id,
            self.view_id,
            self.subject_id,
            self.event_id,
            self.occurred_at,
            self.device,
            self.domain_id,
        )


def first_interactions(events: EventColumns, domain_ids: Sequence[int]) -> list[FirstInteraction]:
    """The first interaction of each view among these events, sorted. `domain_ids` is a column, too."""
    if not any(events.view_ids):
        return []
    are_asked = [
        action == _INTERACTION and view_id is not None
        for action, view_id in zip(events.actions, events.view_ids, strict=True)
    ]
    columns = (
        events.tenant_ids,
        events.view_ids,
        events.instants,
        events.ids,
        events.subject_ids,
        events.devices,
        domain_ids,
    )
    found = list(zip(*(compress(column, are_asked) for column in columns), strict=True))
    # The earliest of a view comes last, and stays.
    found.sort(reverse=True)
    firsts = dict(zip(map(_VIEW, found), found, strict=True))
    return list(map(FirstInteraction._make, reversed(firsts.values())))


class Changes(NamedTuple):
    """What is counted from now on, and what is no longer counted."""

    counted: list[FirstInteraction]
    gone: list[FirstInteraction]

    def by_day(self, days: Days) -> Counter[PackedKey]:
        """What that changes in the totals by day."""
        changed: Counter[PackedKey] = Counter()
        if self.counted:
            changed.update(_total_keys(self.counted, days))
            changed.subtract(_total_keys(self.gone, days))
        return Counter({key: count for key, count in changed.items() if count})


async def store_engaged_views(bulk: Bulk, firsts: list[FirstInteraction]) -> Changes:
    """Stores the first interactions, which must be sorted."""
    if not firsts:
        return Changes([], [])
    fresh: list[FirstInteraction] = []
    moved: list[FirstInteraction] = []
    gone: list[FirstInteraction] = []
    claimed = await bulk.packed.claim(EngagedView, [first.row() for first in firsts])
    for first, row in zip(firsts, claimed, strict=True):
        if row is None:
            fresh.append(first)
        elif first < (known := FirstInteraction.of_row(row)):
            gone.append(known)
            moved.append(first)
    await bulk.packed.upsert(EngagedView, [first.row() for first in moved], _CHANGE)
    return Changes([*fresh, *moved], gone)


def _total_keys(firsts: Sequence[FirstInteraction], days: Days) -> list[PackedKey]:
    column = days.column([first.tenant_id for first in firsts], [first.occurred_at for first in firsts])
    return [
        (tenant_id, subject_id, int(Action.ENGAGED_VIEW), day, device, domain_id)
        for (tenant_id, _, _, _, subject_id, device, domain_id), day in zip(firsts, column, strict=True)
    ]
