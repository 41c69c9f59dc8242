"""One discrepancy between what is stored and what is counted anew."""

from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import SQLModel

from base.calendar import day_of
from models import (
    ActiveUser,
    Attendance,
    DayTotal,
    EngagedView,
    HourTotal,
    LinkedVisit,
    MonthTotal,
    VisitorSketch,
)

Values = tuple[Any, ...]

INSTANTS: dict[type[SQLModel], int] = {ActiveUser: 0, EngagedView: 2}
"""The place of the instant among the values."""
_DAYS: dict[type[SQLModel], int] = {
    DayTotal: 3,
    MonthTotal: 3,
    VisitorSketch: 3,
    LinkedVisit: 3,
    HourTotal: 2,
    Attendance: 3,
}
"""The place of the day, or the month, in the key. Totals by the hour and attendances have days in UTC."""


class Discrepancy(NamedTuple):
    """A row that differs between the table and a count of the rows it stands for, or that only one of them
    has.

    The key, and the values after it, are in the order of the table's columns.
    """

    model: type[SQLModel]
    key: tuple[Any, ...]
    stored: Values | None
    counted: Values | None

    def days(self, zone: ZoneInfo) -> list[date]:
        """The days to which it belongs; for a month, its first day. A total of all time belongs to none."""
        if self.model in _DAYS:
            return [self.key[_DAYS[self.model]]]
        place = INSTANTS.get(self.model)
        if place is None:
            return []
        return [day_of(values[place], zone) for values in (self.stored, self.counted) if values]
