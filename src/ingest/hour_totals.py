"""Totals by the hour, of days that are folded: what is counted on such a day later is added to them, too."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from base.packed import HOUR
from base.time_units import EPOCH
from database import Bulk, bulk, delete_rows
from ingest.columns import HOUR_TOTALS
from ingest.tenants import TenantRow
from models import HOURS, HourTotal

FIRST_DAY: Final = EPOCH.toordinal()
"""The packed day of 1970-01-01."""
NAMES: Final = tuple(f"until_{hour}" for hour in HOURS)
ADDED: Final = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in NAMES)
_IS_NOTHING: Final = tuple(HOUR_TOTALS[name] == 0 for name in NAMES)


class Happened(NamedTuple):
    """What is counted, or with a negative number no longer counted."""

    tenant_id: int
    subject_id: int
    action: int
    instant: int
    """Packed."""
    device: int
    domain_id: int
    number: int = 1


def folded_from(tenants: Iterable[TenantRow]) -> int:
    """The packed instant from which on nothing is folded, for none of the tenants."""
    days = [tenant.hours_before for tenant in tenants if tenant.hours_before]
    return start_of(max(days)) if days else -1


def folded_ends(tenants: Iterable[TenantRow]) -> dict[int, int]:
    """By tenant: the packed instant from which on nothing is folded. A tenant of whom nothing is folded has
    none.
    """
    return {tenant.id: start_of(tenant.hours_before) for tenant in tenants if tenant.hours_before}


def start_of(day: date) -> int:
    """The start of a day in UTC, packed."""
    return (day.toordinal() - FIRST_DAY) * len(HOURS) * HOUR


async def add_to_hours(
    writer: Bulk, tenants: Mapping[int, TenantRow], happened: Iterable[Happened]
) -> list[tuple[int, ...]]:
    """Adds to the totals what happened on folded days, and returns their packed keys in order. The tenants
    must be locked.
    """
    ends = folded_ends(tenants.values())
    numbers: defaultdict[tuple[int, ...], list[int]] = defaultdict(lambda: [0] * len(HOURS))
    for tenant_id, subject_id, action, instant, device, domain_id, number in happened:
        if instant < ends.get(tenant_id, instant):
            day, hour = divmod(instant // HOUR, len(HOURS))
            numbers[tenant_id, subject_id, FIRST_DAY + day, action, device, domain_id][hour] += number
    # Writers that lock in one order never wait for each other in a circle.
    rows = [(*key, *_sums(of_hours)) for key, of_hours in sorted(numbers.items()) if any(of_hours)]
    await writer.packed.upsert(HourTotal, rows, ADDED)
    return [row[: -len(HOURS)] for row in rows]


def _sums(numbers: Sequence[int]) -> list[int]:
    return list(accumulate(numbers))


async def change_hours(session: AsyncSession, tenant: TenantRow, happened: Iterable[Happened]) -> None:
    """The same, with numbers of which some are negative. No row of nothing is left behind."""
    keys = await add_to_hours(await bulk(session), {tenant.id: tenant}, happened)
    named = [(*key[:2], date.fromordinal(key[2]), *key[3:]) for key in keys]
    await delete_rows(session, HourTotal, named, *_IS_NOTHING)
