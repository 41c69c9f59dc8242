"""Discrepancies as operators read them."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from base.attendance import number_of_hours, users_in
from base.calendar import day_of
from base.sketches import VERSION, estimate
from database import table_of
from ingest.columns import DOMAINS
from ingest.discrepancy import Discrepancy, Values
from ingest.tenants import TenantRow
from models import (
    SUBJECT_OF,
    Action,
    ActiveUser,
    Attendance,
    Device,
    EngagedView,
    HourTotal,
    LinkedVisit,
    SubjectKind,
    VisitorSketch,
)

NONE = "-"


class DiscrepancyRow(NamedTuple):
    table: str
    tenant: str
    subject: str
    action: str
    day: str
    """The day in the tenant's reporting time zone, or the month; `-` for all time. Totals by the hour have
    the day in UTC.
    """
    device: str
    domain: str
    stored: str
    counted: str


class Describer:
    """Describes the discrepancies of one tenant, within one transaction."""

    def __init__(self, seen: AsyncConnection, tenant: TenantRow, name: str) -> None:
        self._seen = seen
        self._tenant = tenant
        self._name = name
        self._domains = {0: NONE}

    async def row(self, discrepancy: Discrepancy) -> DiscrepancyRow:
        model, key, stored, counted = discrepancy
        table = table_of(model)
        columns = [column.name for column in table.columns]
        row: dict[str, Any] = dict(zip(columns, (*key, *(counted or stored or ())), strict=True))
        return DiscrepancyRow(
            table.name,
            self._name,
            _subject(row),
            Action(row["action"]).name if "action" in row else NONE,
            self._day(row),
            Device(row["device"]).name if "device" in row else NONE,
            await self._domain(row.get("domain_id", 0)),
            _value(discrepancy, stored),
            _value(discrepancy, counted),
        )

    def _day(self, row: Mapping[str, Any]) -> str:
        if "month" in row:
            return f"{row['month']:%Y-%m}"
        at = row.get("last_active_at") or row.get("occurred_at")
        day = row.get("day") or (day_of(at, self._tenant.zone) if at else None)
        return f"{day:%Y-%m-%d}" if day else NONE

    async def _domain(self, id: int) -> str:
        if id not in self._domains:
            name = await self._seen.scalar(select(DOMAINS.name).where(DOMAINS.id == id))
            self._domains[id] = name or f"domain {id}"
        return self._domains[id]


def _subject(row: Mapping[str, Any]) -> str:
    kind = row.get("subject_kind")
    if kind is None:
        # The table of engaged views names no action, because it has only one.
        kind = SUBJECT_OF[Action(row.get("action", Action.ENGAGED_VIEW))]
    words = f"{SubjectKind(kind).name.lower()} {row['subject_id']}" if kind else "all"
    for part in ("user", "view"):
        if f"{part}_id" in row:
            words += f" {part} {row[f'{part}_id']}"
    return f"{words} visitor {row['visitor'].hex()}" if "visitor" in row else words


def _value(discrepancy: Discrepancy, values: Values | None) -> str:
    if values is None:
        return NONE
    if discrepancy.model is ActiveUser:
        return _instant(*values)
    if discrepancy.model is EngagedView:
        subject_id, event_id, occurred_at, device, domain_id = values
        place = f"asset {subject_id} {Device(device).name} domain {domain_id}"
        return f"{_instant(occurred_at)} event {event_id} {place}"
    if discrepancy.model is VisitorSketch:
        version, sketch = values
        return f"about {estimate([sketch]).estimate}" if version == VERSION else f"version {version}"
    if discrepancy.model is LinkedVisit:
        return "a visit"
    if discrepancy.model is HourTotal:
        return _by_hour(values)
    if discrepancy.model is Attendance:
        return _people(*values)
    return str(*values)


def _by_hour(sums: Values) -> str:
    """The hours in UTC that have anything, such as `3 at 07, 1 at 23`."""
    counts = (after - before for before, after in pairwise((0, *sums)))
    return ", ".join(f"{count} at {hour:02}" for hour, count in enumerate(counts) if count) or NONE


def _people(people: bytes) -> str:
    return f"people: {len(users_in(people))}, hours: {number_of_hours(people)}"


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
