"""Totals of all time, for databases that are filled with totals by month instead of events."""

from sqlalchemy import BigInteger, Insert, cast, func, insert, select

from database import table_of
from models import MonthTotal, SubjectTotal


def all_time_from_months() -> Insert:
    months = table_of(MonthTotal).c
    key = (months.tenant_id, months.subject_id, months.action)
    sums = select(*key, cast(func.sum(months.count), BigInteger)).group_by(*key)
    return insert(table_of(SubjectTotal)).from_select(list(table_of(SubjectTotal).c), sums)
