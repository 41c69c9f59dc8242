"""A recount: totals made from stored events, by the same pure functions as when the events came in, and from
what was imported without events.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from base.calendar import month_start, next_month, start_of_day
from base.sketches import ALL_SUBJECTS, EMPTY, added
from base.time_units import DAY
from ingest.deltas import Days, TotalKey, by_month, total_deltas
from ingest.events import NewEvent
from ingest.tenants import TenantRow
from ingest.visitor_sketches import SketchKey, seen_by_day
from models import SUBJECT_OF, Action, Device

_ACTIONS = {int(action): action for action in Action}
_DEVICES = {int(device): device for device in Device}
_ANY_ID = UUID(int=0)
"""The id does not matter for counting."""


class RecountScope(NamedTuple):
    """Which days and months are counted anew, in the tenant's reporting time zone. The stops are not
    included.
    """

    tenant: TenantRow
    first: date
    stop: date
    first_month: date
    stop_month: date

    @classmethod
    def whole_months(cls, tenant: TenantRow, first: date, stop: date) -> "RecountScope":
        """The days of which events are kept, and the months that lie within these days."""
        first = max(first, tenant.pruned_before or first)
        return cls(tenant, first, stop, next_month(first - DAY), month_start(stop))

    @classmethod
    def touched_months(cls, tenant: TenantRow, first: date, stop: date) -> "RecountScope":
        """The days of which events are kept, and the months in which these days lie."""
        first = max(first, tenant.pruned_before or first)
        return cls(tenant, first, stop, month_start(first), next_month(stop - DAY))

    @property
    def start(self) -> datetime:
        return start_of_day(self.first, self.tenant.zone)

    @property
    def end(self) -> datetime:
        return start_of_day(self.stop, self.tenant.zone)

    @property
    def is_of_another_zone(self) -> bool:
        """Whether the tenant gets another reporting time zone."""
        return self.tenant.zone.key != self.tenant.clock.time_zone

    def pruned_before(self, first: date) -> date | None:
        """The first day in scope, if that is later than the day that was asked for."""
        return self.first if self.first > first else None

    def has(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def months(self, counted: Counter[TotalKey], stored: Mapping[TotalKey, int]) -> Counter[TotalKey]:
        """The totals by month. Days in scope are as they were counted, all others as they are stored."""
        days = Counter({key: n for key, n in stored.items() if not self.first <= key.first_day < self.stop})
        days.update(counted)
        months = by_month(days)
        return Counter(
            {key: n for key, n in months.items() if self.first_month <= key.first_day < self.stop_month}
        )


class VisitKey(NamedTuple):
    """A linked visit."""

    tenant_id: int
    subject_kind: int
    subject_id: int
    day: date
    visitor: bytes


class AsStored(dict[str | None, int]):
    """Ids of domains whose names are their ids."""

    def __missing__(self, name: str | None) -> int:
        key = self[name] = int(name or 0)
        return key


class Recount:
    """The totals by day, the sketches and the linked visits, for one subject after the other."""

    def __init__(self, tenant: TenantRow) -> None:
        self.totals: Counter[TotalKey] = Counter()
        self.sketches: dict[SketchKey, bytes] = {}
        self.of_all_subjects: dict[SketchKey, bytes] = {}
        self.visits: set[VisitKey] = set()
        self._tenant_id = tenant.id
        self._days = Days({tenant.id: tenant.zone})
        self._domain_ids = AsStored()

    def add(self, events: Iterable[NewEvent]) -> None:
        known = list(events)
        self.totals.update(total_deltas(known, self._days, self._domain_ids))
        for key, visitors in seen_by_day(known, self._days).items():
            sketches = self.of_all_subjects if key[1:3] == ALL_SUBJECTS else self.sketches
            sketches[key] = added(sketches.get(key, EMPTY), visitors)

    def add_imported(self, counts: Mapping[TotalKey, int]) -> None:
        self.totals.update(counts)

    def add_visits(self, visits: Iterable[Sequence[Any]]) -> None:
        """Rows of the subject, the action, the instant and the visitor."""
        id = self._tenant_id
        for subject_id, action, at, visitor in visits:
            kind = SUBJECT_OF[_ACTIONS[action]]
            self.visits.add(VisitKey(id, kind, subject_id, self._days.of(id, at), visitor))

    def next_subject(self) -> None:
        self.totals = Counter()
        self.sketches = {}
        self.visits = set()


def stored_event(
    tenant_id: int,
    subject_id: int,
    action: int,
    occurred_at: datetime,
    device: int,
    domain_id: int,
    user_id: int | None = None,
    visitor: bytes | None = None,
) -> NewEvent:
    """The event as it once came in, except that its domain is named by its id."""
    return NewEvent(
        tenant_id,
        _ANY_ID,
        subject_id,
        _ACTIONS[action],
        occurred_at,
        _DEVICES[device],
        str(domain_id),
        None,
        user_id,
        visitor,
    )
