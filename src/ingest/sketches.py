"""Who came: a sketch for each subject and day, and for each tenant and day. A range is a union of days."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from base.sketches import ALL_SUBJECTS, EMPTY, VERSION, added
from database import Bulk
from ingest.deltas import Days
from ingest.events import NewEvent
from models import SUBJECT_OF, TAKES_BACK, VisitorSketch

_VERSION_PLACE, _SKETCH_PLACE = 4, 5


class SketchKey(NamedTuple):
    tenant_id: int
    subject_kind: int
    subject_id: int
    day: date


async def sketch(bulk: Bulk, events: Iterable[NewEvent], days: Days) -> None:
    """Adds who came to the sketches of each subject's and each tenant's day."""
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
    """Who was seen: signed-in people by their ids, others by their hashes; nobody who is neither."""
    by_subject: defaultdict[tuple[int, int, int, date], set[str]] = defaultdict(set)
    for event in events:
        who = _who(event)
        if who is not None and event.action not in TAKES_BACK:
            day = days.of(event.tenant_id, event.occurred_at)
            by_subject[event.tenant_id, SUBJECT_OF[event.action], event.subject_id, day].add(who)
    seen: defaultdict[SketchKey, set[str]] = defaultdict(set)
    for (tenant_id, kind, subject_id, day), visitors in by_subject.items():
        seen[SketchKey(tenant_id, kind, subject_id, day)] = visitors
        seen[SketchKey(tenant_id, *ALL_SUBJECTS, day)] |= visitors
    return seen


def _who(event: NewEvent) -> str | None:
    if event.user_id is not None:
        return f"user {event.user_id}"
    return event.visitor.hex() if event.visitor else None
