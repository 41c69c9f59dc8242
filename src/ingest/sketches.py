"""Distinct visitors, estimated: a HyperLogLog sketch for each subject and day, and for each tenant and day.

Sketches merge without counting anyone twice, so any range is the union of its days.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from datasketches import hll_sketch, hll_union, tgt_hll_type
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from database import Bulk, table_of
from ingest.deltas import Days
from ingest.events import NewEvent
from models import SUBJECT_OF, TAKES_BACK, VisitorSketch

SKETCHES = table_of(VisitorSketch).c

VERSION = 1
"""Of what follows: sketches of another version are never merged with these."""
ALL_SUBJECTS = (0, 0)
"""Kind and id that stand for the tenant as a whole."""
_LG_K = 12
_TYPE = tgt_hll_type.HLL_4
_KEYS_OF_A_STATEMENT = 500


class SketchKey(NamedTuple):
    tenant_id: int
    subject_kind: int
    subject_id: int
    day: date


class Estimate(NamedTuple):
    """`lower` and `upper` hold the true number with a probability of 95 %."""

    estimate: int
    lower: int
    upper: int


def estimate(sketches: Iterable[bytes]) -> Estimate:
    """How many distinct visitors the sketches have together."""
    union = hll_union(_LG_K)
    for sketch in sketches:
        union.update(hll_sketch.deserialize(sketch))
    merged = union.get_result(_TYPE)
    return Estimate(
        round(merged.get_estimate()), round(merged.get_lower_bound(2)), round(merged.get_upper_bound(2))
    )


async def sketch(session: AsyncSession, bulk: Bulk, events: Iterable[NewEvent], days: Days) -> None:
    """Adds who came to the sketches of each subject's and each tenant's day."""
    visitors = seen_by_day(events, days)
    if not visitors:
        return
    empty = hll_sketch(_LG_K, _TYPE).serialize_compact()
    keys = sorted(visitors)
    await bulk.insert_new(VisitorSketch, [(*key, VERSION, empty) for key in keys])
    known = await _known(session, keys)
    rows = [(*key, VERSION, _added(known[key], visitors[key])) for key in keys if key in known]
    await bulk.upsert(VisitorSketch, rows, "sketch = excluded.sketch")


def seen_by_day(events: Iterable[NewEvent], days: Days) -> Mapping[SketchKey, set[str]]:
    """Who was seen: signed-in people by their ids, others by their hashes; nobody who is neither."""
    seen: defaultdict[SketchKey, set[str]] = defaultdict(set)
    for event in events:
        who = _who(event)
        if who is None or event.action in TAKES_BACK:
            continue
        day = days.of(event.tenant_id, event.occurred_at)
        seen[SketchKey(event.tenant_id, SUBJECT_OF[event.action], event.subject_id, day)].add(who)
        seen[SketchKey(event.tenant_id, *ALL_SUBJECTS, day)].add(who)
    return seen


def _who(event: NewEvent) -> str | None:
    if event.user_id is not None:
        return f"user {event.user_id}"
    return event.visitor.hex() if event.visitor else None


def _added(known: bytes, visitors: set[str]) -> bytes:
    merged = hll_sketch.deserialize(known)
    for who in visitors:
        merged.update(who)
    return bytes(merged.serialize_compact())


async def _known(session: AsyncSession, keys: list[SketchKey]) -> dict[SketchKey, bytes]:
    """Of this version, and locked, so that nobody adds to them meanwhile."""
    known: dict[SketchKey, bytes] = {}
    key_columns = (SKETCHES.tenant_id, SKETCHES.subject_kind, SKETCHES.subject_id, SKETCHES.day)
    for start in range(0, len(keys), _KEYS_OF_A_STATEMENT):
        statement = (
            select(*key_columns, SKETCHES.sketch)
            .where(
                tuple_(*key_columns).in_(keys[start : start + _KEYS_OF_A_STATEMENT]),
                SKETCHES.version == VERSION,
            )
            .order_by(*key_columns)
            .with_for_update()
        )
        for *key, stored in await session.execute(statement):
            known[SketchKey(*key)] = stored
    return known
