"""Packed values: what a column of the database has, in the smallest object of Python that stands for it.

An id is its 16 bytes, an instant is microseconds since 1970 in UTC, and a day is its ordinal in the Gregorian
calendar. SQLite stores exactly these. They are made, compared and sorted several times as fast as UUIDs,
datetimes and dates.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from base.time_units import EPOCH, MICROSECOND

HOUR: Final = 3_600_000_000
"""In microseconds."""
Convert = Callable[[Any], Any]


def packed_instant(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def instant_in(packed: int) -> datetime:
    return EPOCH + packed * MICROSECOND


@lru_cache(4_096)
def day_in(packed: int) -> date:
    return date.fromordinal(packed)


@lru_cache(4_096)
def month_of(packed_day: int) -> int:
    """The first day of the day's month."""
    return date.fromordinal(packed_day).replace(day=1).toordinal()


class Packing(NamedTuple):
    """How packed values go to PostgreSQL's driver, and come from it."""

    bind: Convert | None
    result: Convert
    given: str | None = None
    """The type in which statements are given the values; None if it is the column's."""
    value: str = "{}"
    """What the column has of a given value, in SQL."""
    copied: Convert | None = None
    """How a value is copied into the column without SQL; None if it is as in `bind`."""


# The driver reads the digits of a UUID faster than Python makes an object of them.
IDS: Final = Packing(bytes.hex, lambda id: id.bytes)
# Of an instant, the driver would take the parts one by one. An interval times a number is exact up to 2^53.
INSTANTS: Final = Packing(
    None, packed_instant, "BIGINT", "TIMESTAMPTZ 'epoch' + {} * INTERVAL '1 microsecond'", instant_in
)
DAYS: Final = Packing(day_in, date.toordinal)
