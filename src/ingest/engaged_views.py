"""Engaged views, in which people interacted. Each is counted once, at its first interaction.

The first interaction may arrive last. Then the view moves from one total to another, so that the totals never
depend on the order in which events come.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress, groupby
from operator import itemgetter
from typing import NamedTuple

from database import Bulk
from ingest.deltas import Days, PackedKey
from ingest.event_columns import EventColumns
from models import Action, EngagedView

_VIEW = itemgetter(0, 1)
_TIME = itemgetter(4, 3)
"""Of two interactions with a view, the smaller time is the earlier one."""
_INTERACTION = int(Action.INTERACTION)
_CHANGE = ", ".join(
    f"{column} = excluded.{column}"
    for column in ("subject_id", "event_id", "occurred_at", "device", "domain_id")
)


class FirstInteraction(NamedTuple):
    """The first interaction of a view, as a row of the table with packed values."""

    tenant_id: int
    view_id: bytes
    subject_id: int
    event_id: bytes
    occurred_at: int
    device: int
    domain_id: int


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
        events.subject_ids,
        events.ids,
        events.instants,
        events.devices,
        domain_ids,
    )
    # Of each, only one object stays. After a number of new ones the garbage collector comes, and looks
    # through all that the batch has.
    asked = zip(*(compress(column, are_asked) for column in columns), strict=True)
    found = sorted(map(FirstInteraction._make, asked))
    return [min(of_view, key=_TIME) for _, of_view in groupby(found, _VIEW)]


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
    claimed = await bulk.packed.claim(EngagedView, firsts)
    for first, row in zip(firsts, claimed, strict=True):
        if row is None:
            fresh.append(first)
        elif _TIME(first) < _TIME(row):
            gone.append(FirstInteraction(*row))
            moved.append(first)
    await bulk.packed.upsert(EngagedView, moved, _CHANGE)
    return Changes([*fresh, *moved], gone)


def _total_keys(firsts: Sequence[FirstInteraction], days: Days) -> Iterator[PackedKey]:
    column = days.column([first.tenant_id for first in firsts], [first.occurred_at for first in firsts])
    for (tenant_id, _, subject_id, _, _, device, domain_id), day in zip(firsts, column, strict=True):
        yield tenant_id, subject_id, int(Action.ENGAGED_VIEW), day, device, domain_id
