"""What a batch of new events adds to the totals. Only this module says how events are counted.

Batches are counted by columns. The functions that take single events say the same, one event at a time: the
recount uses them, and the tests compare both.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from base.arrays import are_for_arrays, numpy
from base.calendar import day_of, month_start, start_of_day
from base.packed import HOUR, instant_in, month_of
from base.time_units import DAY
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from models import SUBJECT_OF, TAKES_BACK, Action, SubjectKind

D = TypeVar("D", int, int | None)
_MANY: Final = 50
"""For so many instants, it is worth it to look first whether all are of one day, as most are."""
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


PackedKey = tuple[int, int, int, int, int, int]
"""A `TotalKey` with a packed day."""


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

    def column(self, tenant_ids: Sequence[int], instants: Sequence[int]) -> list[int]:
        """The days of packed instants, packed too."""
        if len(instants) >= _MANY and (only := self._only_days(tenant_ids, instants)):
            return list(map(only.__getitem__, tenant_ids))
        column: list[int | None]
        if are_for_arrays(instants):
            hours, places = _hours_of(tenant_ids, instants)
            days = [self._of_hour(*hour) for hour in hours]
            column = [days[place] for place in places]
        else:
            column = [self._of_hour(id, at // HOUR) for id, at in zip(tenant_ids, instants, strict=True)]
        if None in column:
            # A day begins within the hour.
            return [
                self._packed(tenant_id, instant) if day is None else day
                for day, tenant_id, instant in zip(column, tenant_ids, instants, strict=True)
            ]
        return cast(list[int], column)

    def _only_days(self, tenant_ids: Sequence[int], instants: Sequence[int]) -> dict[int, int] | None:
        """The day of each tenant, if all instants are on it. Days follow one another, so the first and the
        last instant tell.
        """
        first, last = min(instants) // HOUR, max(instants) // HOUR
        only: dict[int, int] = {}
        for id in set(tenant_ids):
            day = self._of_hour(id, first)
            if day is None or day != self._of_hour(id, last):
                return None
            only[id] = day
        return only

    def _of_hour(self, tenant_id: int, hour: int) -> int | None:
        return _day_of_hour(hour, self._zones[tenant_id])

    def _packed(self, tenant_id: int, instant: int) -> int:
        return self.of(tenant_id, instant_in(instant)).toordinal()


@lru_cache(4_096)
def _day_of_hour(hour: int, zone: ZoneInfo) -> int | None:
    """The packed day on which the whole hour is. Each batch asks for the same few hours."""
    start = instant_in(hour * HOUR)
    day = day_of(start, zone)
    return day.toordinal() if instant_in((hour + 1) * HOUR) <= start_of_day(day + DAY, zone) else None


def _hours_of(tenant_ids: Sequence[int], instants: Sequence[int]) -> tuple[list[tuple[int, int]], list[int]]:
    """The hours of each tenant, in order, and the place of each event's hour among them."""
    tenants, of_tenants = numpy().unique(tenant_ids, return_inverse=True)
    hours, of_hours = numpy().unique(numpy().array(instants) // HOUR, return_inverse=True)
    pairs, places = numpy().unique(of_tenants * len(hours) + of_hours, return_inverse=True)
    found = zip(tenants[pairs // len(hours)].tolist(), hours[pairs % len(hours)].tolist(), strict=True)
    return list(found), places.tolist()


def total_deltas(events: Iterable[NewEvent], days: Days, domain_ids: DomainIds) -> Counter[TotalKey]:
    """The deltas by day. `by_month` and `by_subject` make the others from them."""
    counted = Counter(
        (tenant_id, subject_id, action, days.of(tenant_id, at), device, domain_ids[domain])
        for tenant_id, _, subject_id, action, at, device, domain, *_ in events
    )
    return Counter({TotalKey(*key): count for key, count in counted.items()})


def count_by_day(events: EventColumns, days: Sequence[int], domain_ids: Sequence[int]) -> Counter[PackedKey]:
    """The same as `total_deltas`. `days` and `domain_ids` are columns, too."""
    return Counter(day_keys(events, days, domain_ids))


def day_keys(
    events: EventColumns, days: Sequence[int], domain_ids: Sequence[D]
) -> Iterator[tuple[int, int, int, int, int, D]]:
    """The key of each event's total of the day."""
    return zip(
        events.tenant_ids,
        events.subject_ids,
        events.actions,
        days,
        events.devices,
        domain_ids,
        strict=True,
    )


def packed_keys(totals: Mapping[TotalKey, int]) -> dict[PackedKey, int]:
    return {(*key[:3], key.first_day.toordinal(), *key[4:]): count for key, count in totals.items()}


def count_by_month(by_day: Mapping[PackedKey, int]) -> dict[PackedKey, int]:
    months: dict[PackedKey, int] = {}
    for (tenant_id, subject_id, action, day, device, domain_id), count in by_day.items():
        key = (tenant_id, subject_id, action, month_of(day), device, domain_id)
        months[key] = months.get(key, 0) + count
    return months


def count_by_subject(totals: Mapping[PackedKey, int]) -> dict[tuple[int, int, int], int]:
    """The deltas of all time. An action whose deltas are 0 together is left out."""
    subjects: dict[tuple[int, int, int], int] = {}
    for key, count in totals.items():
        subject = key[:3]
        subjects[subject] = subjects.get(subject, 0) + count
    return {key: count for key, count in subjects.items() if count}


def by_month(by_day: Counter[TotalKey]) -> Counter[TotalKey]:
    months: Counter[TotalKey] = Counter()
    for key, count in by_day.items():
        months[key._replace(first_day=month_start(key.first_day))] += count
    return months


def by_subject(totals: Counter[TotalKey]) -> Counter[SubjectKey]:
    """The deltas of all time. An action whose deltas are 0 together is left out."""
    subjects: Counter[SubjectKey] = Counter()
    for key, count in totals.items():
        subjects[SubjectKey(*key[:3])] += count
    return Counter({key: count for key, count in subjects.items() if count})


def last_active(events: Iterable[NewEvent]) -> dict[ActiveKey, datetime]:
    """When each signed-in person was last active. To take something back is no activity."""
    active: dict[ActiveKey, datetime] = {}
    for event in events:
        if event.user_id is not None and event.action not in TAKES_BACK:
            key = ActiveKey(event.tenant_id, SUBJECT_OF[event.action], event.subject_id, event.user_id)
            active[key] = max(active.get(key, event.occurred_at), event.occurred_at)
    return active


def active_rows(events: EventColumns) -> list[tuple[int, int, int, int, int]]:
    """The same as `last_active`, as sorted rows of the table."""
    if not events.have_users:
        return []
    columns = (events.tenant_ids, events.actions, events.subject_ids, events.user_ids, events.instants)
    active: dict[tuple[int, int, int, int], int] = {}
    for tenant_id, action, subject_id, user_id, at in zip(*columns, strict=True):
        if user_id is not None and action not in TAKES_BACK:
            key = (tenant_id, SUBJECT_OF[Action(action)], subject_id, user_id)
            active[key] = max(active.get(key, at), at)
    return [(*key, at) for key, at in sorted(active.items())]
