"""Sketches of visitors: one for each subject and day, and one for each tenant and day. A range is a union of
days.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, cast

from base.sketches import ALL_SUBJECTS, EMPTY, VERSION, added, who
from database import Bulk
from ingest.deltas import Days
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from models import SUBJECT_OF, TAKES_BACK, VisitorSketch

_VERSION_PLACE, _SKETCH_PLACE = 4, 5
VISITED_KINDS = {int(action): int(kind) for action, kind in SUBJECT_OF.items() if action not in TAKES_BACK}
"""The kind of subject of each action that has visitors."""


class SketchKey(NamedTuple):
    tenant_id: int
    subject_kind: int
    subject_id: int
    day: date


PackedSketchKey = tuple[int, int, int, int]
"""A `SketchKey` with a packed day."""


async def add_to_sketches(bulk: Bulk, events: EventColumns, days: Sequence[int]) -> None:
    """Adds the visitors to the sketches of each subject's and each tenant's day. `days` is a column, too."""
    visitors = seen_on(events, days)
    if not visitors:
        return
    keys = sorted(visitors)
    # Each of them grows, so each is written below.
    claimed = await bulk.packed.claim(VisitorSketch, [(*key, VERSION, EMPTY) for key in keys], follows=True)
    rows = []
    for key, row in zip(keys, claimed, strict=True):
        version, known = (row[_VERSION_PLACE], row[_SKETCH_PLACE]) if row else (VERSION, EMPTY)
        if version == VERSION and (grown := added(known, visitors[key])) != known:
            rows.append((*key, VERSION, grown))
    await bulk.packed.upsert(VisitorSketch, rows, "sketch = excluded.sketch")


def seen_on(events: EventColumns, days: Sequence[int]) -> Mapping[PackedSketchKey, set[str]]:
    """The same as `seen_by_day`."""
    if not any(events.visitors) and not events.have_users:
        return {}
    # Actions that take something back have no kind, and no visitors.
    by_kind: defaultdict[tuple[int, int | None, int, int], set[str]] = defaultdict(set)
    kinds = map(VISITED_KINDS.get, events.actions)
    keys = zip(events.tenant_ids, kinds, events.subject_ids, days, strict=True)
    for key, visitor in zip(keys, _who_acted(events), strict=True):
        if visitor:
            by_kind[key].add(visitor)
    seen: defaultdict[PackedSketchKey, set[str]] = defaultdict(set)
    for (tenant_id, kind, subject_id, day), visitors in by_kind.items():
        if kind is not None:
            seen[tenant_id, kind, subject_id, day] = visitors
            seen[tenant_id, *ALL_SUBJECTS, day] |= visitors
    return seen


def _who_acted(events: EventColumns) -> Sequence[str | None]:
    """As `who` does it, which takes longer."""
    if events.have_users:
        return list(map(who, events.user_ids, events.visitors))
    if all(events.visitors):
        return list(map(bytes.hex, cast(Sequence[bytes], events.visitors)))
    return [visitor.hex() if visitor else None for visitor in events.visitors]


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
