"""What a batch of new events adds to the totals: the only place that says how events are counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from base.calendar import day_of, month_start
from ingest.events import NewEvent
from models import SUBJECT_OF, TAKES_BACK, Action, SubjectKind


class TotalKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: Action
    first_day: date
    """The day, or the first day of the month."""
    device: int
    domain: str


class ActiveKey(NamedTuple):
    tenant_id: int
    subject_kind: SubjectKind
    subject_id: int
    user_id: int


class Deltas(NamedTuple):
    days: Counter[TotalKey]
    months: Counter[TotalKey]
    active: dict[ActiveKey, datetime]
    """When each signed-in person was last active. Taking something back is no activity."""


def deltas(events: Iterable[NewEvent], zones: Mapping[int, ZoneInfo]) -> Deltas:
    """`zones` has the reporting time zone of every tenant among the events."""
    days: Counter[TotalKey] = Counter()
    active: dict[ActiveKey, datetime] = {}
    for event in events:
        day = day_of(event.occurred_at, zones[event.tenant_id])
        days[
            TotalKey(event.tenant_id, event.subject_id, event.action, day, event.device, event.domain or "")
        ] += 1
        if event.user_id is not None and event.action not in TAKES_BACK:
            key = ActiveKey(event.tenant_id, SUBJECT_OF[event.action], event.subject_id, event.user_id)
            active[key] = max(active.get(key, event.occurred_at), event.occurred_at)
    return Deltas(days, _months(days), active)


def _months(days: Counter[TotalKey]) -> Counter[TotalKey]:
    months: Counter[TotalKey] = Counter()
    for key, count in days.items():
        months[key._replace(first_day=month_start(key.first_day))] += count
    return months
