"""Totals and events as statements read them: their columns, and how they are joined with given subjects."""

from sqlalchemy import BigInteger, ColumnElement, FromClause, TableValuedAlias, and_

from database import among, rows_of, table_of
from models import (
    ActiveUser,
    Attendance,
    DayTotal,
    EngagedView,
    Event,
    FoldedHours,
    HourTotal,
    ImportedTotal,
    MonthTotal,
    SubjectTotal,
)

DAYS = table_of(DayTotal).c
MONTHS = table_of(MonthTotal).c
SUBJECTS = table_of(SubjectTotal).c
IMPORTED = table_of(ImportedTotal).c
EVENTS = table_of(Event).c
HOUR_TOTALS = table_of(HourTotal).c
FOLDED = table_of(FoldedHours).c
ATTENDANCES = table_of(Attendance).c
ACTIVE = table_of(ActiveUser).c
ENGAGED = table_of(EngagedView).c


def asked_subjects(name: str = "asked", *others: str) -> TableValuedAlias:
    """The parameter `subjects` as a table: pairs of a tenant and a subject, with other numbers.

    Two lists instead would also search for each tenant with the subjects of all others.
    """
    columns = dict.fromkeys(("tenant_id", "subject_id", *others), BigInteger())
    return rows_of("subjects", **columns).table_valued(*columns, name=name)


def is_of(table: FromClause, asked: TableValuedAlias) -> ColumnElement[bool]:
    """The condition has the tenants as a list, too: by it a distributed engine knows where to look."""
    is_theirs: ColumnElement[bool] = and_(
        table.c.tenant_id == asked.c.tenant_id,
        table.c.subject_id == asked.c.subject_id,
        among(table.c.tenant_id, "tenants"),
    )
    return is_theirs
