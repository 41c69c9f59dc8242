"""Engaged views, in which people interacted. Each is counted once, at its first interaction.

The first interaction may arrive last. Then the view moves from one total to another, so that the totals never
depend on the order in which events come.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from database import Bulk
from ingest.deltas import Days, DomainIds, TotalKey
from ingest.events import NewEvent
from models import Action, EngagedView

_CHANGE = ", ".join(
    f"{column} = excluded.{column}"
    for column in ("subject_id", "event_id", "occurred_at", "device", "domain_id")
)


class FirstInteraction(NamedTuple):
    """The first interaction of a view. Of two, the smaller is the earlier."""

    tenant_id: int
    view_id: UUID
    occurred_at: datetime
    event_id: UUID
    subject_id: int
    device: int
    domain_id: int

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Self:
        tenant_id, view_id, subject_id, event_id, occurred_at, device, domain_id = row
        return cls(tenant_id, view_id, occurred_at, event_id, subject_id, device, domain_id)

    @property
    def key(self) -> tuple[int, UUID]:
        return self.tenant_id, self.view_id

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


def first_interactions(events: Iterable[NewEvent], domain_ids: DomainIds) -> list[FirstInteraction]:
    """The first interaction of each view among these events, sorted."""
    firsts: dict[tuple[int, UUID], FirstInteraction] = {}
    for event in events:
        if event.action == Action.INTERACTION and event.view_id is not None:
            first = FirstInteraction(
                event.tenant_id,
                event.view_id,
                event.occurred_at,
                event.id,
                event.subject_id,
                int(event.device),
                domain_ids[event.domain],
            )
            firsts[first.key] = min(firsts.get(first.key, first), first)
    return sorted(firsts.values())


async def store_engaged_views(bulk: Bulk, firsts: list[FirstInteraction], days: Days) -> Counter[TotalKey]:
    """Stores the first interactions, which must be sorted. Returns what that changes in the totals by day."""
    changed: Counter[TotalKey] = Counter()
    if not firsts:
        return changed
    moved: list[FirstInteraction] = []
    claimed = await bulk.claim(EngagedView, [first.row() for first in firsts])
    for first, row in zip(firsts, claimed, strict=True):
        known = FirstInteraction.of_row(row) if row else None
        if known is None:
            changed[_total_key(first, days)] += 1
        elif first < known:
            changed[_total_key(known, days)] -= 1
            changed[_total_key(first, days)] += 1
            moved.append(first)
    await bulk.upsert(EngagedView, [first.row() for first in moved], _CHANGE)
    return Counter({key: count for key, count in changed.items() if count})


def _total_key(first: FirstInteraction, days: Days) -> TotalKey:
    day = days.of(first.tenant_id, first.occurred_at)
    return TotalKey(
        first.tenant_id, first.subject_id, Action.ENGAGED_VIEW, day, first.device, first.domain_id
    )
