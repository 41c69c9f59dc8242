"""What a batch of new events adds to the totals. Only this module says how events are counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from base.calendar import day_of, month_start, start_of_day
from base.time_units import DAY
from ingest.events import NewEvent
from models import SUBJECT_OF, TAKES_BACK, SubjectKind

DomainIds = Mapping[str | None, int]
"""The id of each domain. None, for no domain, has 0."""


class TotalKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: int
    first_day: date
    """The day, or the first day of the month."""
    device: int
    domain_id: int


class SubjectKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: int


class ActiveKey(NamedTuple):
    tenant_id: int
    subject_kind: SubjectKind
    subject_id: int
    user_id: int


class Days:
    """Finds the reporting day of an instant. Events are close together, so the last day is tried first."""

    def __init__(self, zones: Mapping[int, ZoneInfo]) -> None:
        """`zones` has the reporting time zone of each tenant."""
        self._zones = zones
        self._last: dict[int, tuple[datetime, datetime, date]] = {}

    def of(self, tenant_id: int, instant: datetime) -> date:
        last = self._last.get(tenant_id)
        if last is None or not last[0] <= instant < last[1]:
            zone = self._zones[tenant_id]
            day = day_of(instant, zone)
            last = (start_of_day(day, zone), start_of_day(day + DAY, zone), day)
            self._last[tenant_id] = last
        return last[2]


def total_deltas(events: Iterable[NewEvent], days: Days, domain_ids: DomainIds) -> Counter[TotalKey]:
    """The deltas by day. `by_month` and `by_subject` make the others from them."""
    counted = Counter(
        (tenant_id, subject_id, action, days.of(tenant_id, at), device, domain_ids[domain])
        for tenant_id, _, subject_id, action, at, device, domain, *_ in events
    )
    return Counter({TotalKey(*key): count for key, count in counted.items()})


def by_month(by_day: Counter[TotalKey]) -> Counter[TotalKey]:
    months: Counter[TotalKey] = Counter()
    for key, count in by_day.items():
        months[key._replace(first_day=month_start(key.first_day))] += count
    return months


def by_subject(totals: Counter[TotalKey]) -> Counter[SubjectKey]:
    """The deltas of all time. An action whose deltas are 0 together is left out."""
    subjects: dict[tuple[int, int, int], int] = {}
    for key, count in totals.items():
        subject = key[:3]
        subjects[subject] = subjects.get(subject, 0) + count
    return Counter({SubjectKey(*key): count for key, count in subjects.items() if count})


def last_active(events: Iterable[NewEvent]) -> dict[ActiveKey, datetime]:
    """When each signed-in person was last active. To take something back is no activity."""
    active: dict[ActiveKey, datetime] = {}
    for event in events:
        if event.user_id is not None and event.action not in TAKES_BACK:
            key = ActiveKey(event.tenant_id, SUBJECT_OF[event.action], event.subject_id, event.user_id)
            active[key] = max(active.get(key, event.occurred_at), event.occurred_at)
    return active
