"""Deletes all that belongs to a tenant."""

from typing import Final

from sqlmodel import SQLModel

from database import table_of
from ingest.deletions.rows import Rows
from models import (
    ActiveUser,
    DayTotal,
    DomainAlias,
    EngagedView,
    Event,
    FoldedHours,
    HourTotal,
    ImportedTotal,
    ImportTenant,
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
    FoldedHours,
    DayTotal,
    MonthTotal,
    SubjectTotal,
    ActiveUser,
    VisitorSketch,
    VisitorLink,
    DomainAlias,
    ImportTenant,
)
"""The tables of tenants: a test holds that none is missing."""


async def delete_owned(rows: Rows, tenant_id: int) -> None:
    for model in OWNED:
        await rows.delete(model, table_of(model).c.tenant_id == tenant_id)
