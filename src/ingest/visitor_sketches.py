"""Sketches of visitors: one for each subject and day, and one for each tenant and day. A range is a union of
days.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from base.sketches import ALL_SUBJECTS, EMPTY, VERSION, added, who
from database import Bulk
from ingest.deltas import Days
from ingest.events import NewEvent
from ingest.visitors import NAMED_BYTES
from models import SUBJECT_OF, TAKES_BACK, VisitorLink, VisitorSketch

_VERSION_PLACE, _SKETCH_PLACE = 4, 5


class SketchKey(NamedTuple):
    tenant_id: int
    subject_kind: int
    subject_id: int
    day: date


async def add_to_sketches(bulk: Bulk, events: Iterable[NewEvent], days: Days) -> None:
    """Adds the visitors to the sketches of each subject's and each tenant's day."""
    visitors = seen_by_day(events, days)
    if not visitors:
        return
    keys = sorted(visitors)
    claimed = await bulk.claim(VisitorSketch, [(*key, VERSION, EMPTY) for key in keys])
    stored = [(row[_VERSION_PLACE], row[_SKETCH_PLACE]) if row else (VERSION, EMPTY) for row in claimed]
    rows = [
        (*key, VERSION, added(known, visitors[key]))
        for key, (version, known) in zip(keys, stored, strict=True)
        if version == VERSION
    ]
    await bulk.upsert(VisitorSketch, rows, "sketch = excluded.sketch")


def seen_by_day(events: Iterable[NewEvent], days: Days) -> Mapping[SketchKey, set[str]]:
    """The visitors: signed-in people by their ids, others by their hashes. Events with neither have none."""
    by_subject: defaultdict[tuple[int, int, int, date], set[str]] = defaultdict(set)
    for event in events:
        seen_one = who(event.user_id, event.visitor)
        if seen_one is not None and event.action not in TAKES_BACK:
            day = days.of(event.tenant_id, event.occurred_at)
            by_subject[event.tenant_id, SUBJECT_OF[event.action], event.subject_id, day].add(seen_one)
    seen: defaultdict[SketchKey, set[str]] = defaultdict(set)
    for (tenant_id, kind, subject_id, day), visitors in by_subject.items():
        seen[SketchKey(tenant_id, kind, subject_id, day)] = visitors
        seen[SketchKey(tenant_id, *ALL_SUBJECTS, day)] |= visitors
    return seen


async def link_visitors(bulk: Bulk, events: Iterable[NewEvent]) -> None:
    """Links a visitor to a user if an event names both. Then the visitor is that user in all events."""
    links: dict[tuple[int, bytes], int] = {}
    for event in events:
        visitor = event.visitor
        if event.user_id is not None and visitor is not None and len(visitor) == NAMED_BYTES:
            links.setdefault((event.tenant_id, visitor), event.user_id)
    if links:
        await bulk.insert_new(VisitorLink, [(*key, user_id) for key, user_id in sorted(links.items())])
