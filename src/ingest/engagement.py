"""Views that people interacted in: each counted once, at its first interaction.

The first may arrive last. Then the view moves: it leaves the total that it was in and joins
another, so that the totals never depend on the order in which events came.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from database import Bulk, table_of
from ingest.deltas import Days, DomainIds, TotalKey
from ingest.events import NewEvent
from models import Action, EngagedView

VIEWS = table_of(EngagedView).c
_VIEWS_OF_A_STATEMENT = 1_000
_CHANGE = ", ".join(
    f"{column} = excluded.{column}"
    for column in ("subject_id", "event_id", "occurred_at", "device", "domain_id")
)


class First(NamedTuple):
    """The first interaction of a view; the smaller is the earlier."""

    tenant_id: int
    view_id: UUID
    occurred_at: datetime
    event_id: UUID
    subject_id: int
    device: int
    domain_id: int

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


def first_interactions(events: Iterable[NewEvent], domain_ids: DomainIds) -> list[First]:
    """Of each view that these events interact in, sorted."""
    firsts: dict[tuple[int, UUID], First] = {}
    for event in events:
        if event.action == Action.INTERACTION and event.view_id is not None:
            first = First(
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


async def engage(session: AsyncSession, bulk: Bulk, firsts: list[First], days: Days) -> Counter[TotalKey]:
    """Keeps the first interactions, and says what that changes in the totals by day."""
    changed: Counter[TotalKey] = Counter()
    if not firsts:
        return changed
    ordered = sorted(firsts, key=lambda first: first.key)
    fresh = {
        (row[0], row[1]) for row in await bulk.insert_new(EngagedView, [first.row() for first in ordered])
    }
    known = await _known(session, [first.key for first in ordered if first.key not in fresh])
    moved = [first for first in ordered if first.key in known and first < known[first.key]]
    for first in moved:
        changed[_total_key(known[first.key], days)] -= 1
        changed[_total_key(first, days)] += 1
    for first in ordered:
        if first.key in fresh:
            changed[_total_key(first, days)] += 1
    await bulk.upsert(EngagedView, [first.row() for first in moved], _CHANGE)
    return Counter({key: count for key, count in changed.items() if count})


def _total_key(first: First, days: Days) -> TotalKey:
    day = days.of(first.tenant_id, first.occurred_at)
    return TotalKey(
        first.tenant_id, first.subject_id, Action.ENGAGED_VIEW, day, first.device, first.domain_id
    )


async def _known(session: AsyncSession, keys: Sequence[tuple[int, UUID]]) -> dict[tuple[int, UUID], First]:
    """Locked, so that nobody else moves them meanwhile."""
    columns = (
        VIEWS.tenant_id,
        VIEWS.view_id,
        VIEWS.occurred_at,
        VIEWS.event_id,
        VIEWS.subject_id,
        VIEWS.device,
        VIEWS.domain_id,
    )
    known: dict[tuple[int, UUID], First] = {}
    for chunk in _chunks(keys):
        statement = (
            select(*columns)
            .where(tuple_(VIEWS.tenant_id, VIEWS.view_id).in_(chunk))
            .order_by(VIEWS.tenant_id, VIEWS.view_id)
            .with_for_update()
        )
        for row in await session.execute(statement):
            first = First(*row)
            known[first.key] = first
    return known


def _chunks(keys: Iterable[tuple[int, UUID]]) -> Iterator[list[tuple[int, UUID]]]:
    remaining = iter(keys)
    while chunk := list(islice(remaining, _VIEWS_OF_A_STATEMENT)):
        yield chunk
