"""Deletes all that belongs to a tenant."""

from typing import Final

from sqlmodel import SQLModel

from ingest.deletions.ranges import ranges_of_tenant
from ingest.deletions.rows import Rows
from models import (
    ActiveUser,
    Attendance,
    DayTotal,
    DomainAlias,
    EngagedView,
    Event,
    FoldedHours,
    HourTotal,
    ImportedTotal,
    ImportTenant,
    LinkedVisit,
    MonthTotal,
    SubjectTotal,
    VisitorLink,
    VisitorSketch,
)

OWNED: Final[tuple[type[SQLModel], ...]] = (
    Event,
    EngagedView,
    ImportedTotal,
    HourTotal,
    Attendance,
    FoldedHours,
    DayTotal,
    MonthTotal,
    SubjectTotal,
    ActiveUser,
    VisitorSketch,
    LinkedVisit,
    VisitorLink,
    DomainAlias,
    ImportTenant,
)
"""The tables of tenants: a test holds that none is missing."""


_RANGES: Final = tuple(map(ranges_of_tenant, OWNED))


async def delete_owned(rows: Rows, tenant_id: int) -> None:
    for ranges in _RANGES:
        await rows.delete(ranges, tenant=tenant_id)
