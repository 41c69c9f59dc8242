"""Buckets of a series: the hours, days, weeks or months that a span touches."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from base.calendar.days import day_of, month_start, next_month, start_of_day
from base.calendar.hours import hour_count, hours
from base.calendar.spans import Span
from base.time_units import DAY, MICROSECOND, WEEK


class DateInterval(Enum):
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


OfDays: TypeAlias = Literal[DateInterval.DAY, DateInterval.WEEK, DateInterval.MONTH]
"""Intervals that begin at the start of a day."""


class WeekStart(Enum):
    """MONDAY numbers weeks by ISO 8601, SUNDAY by the US rule: week 1 is the one with January 1st."""

    MONDAY = "MONDAY"
    SUNDAY = "SUNDAY"


class Bucket(NamedTuple):
    """An hour, day, week or month from `start` up to, not including, `end`. `covered` is its part of the
    span.
    """

    key: str
    start: datetime
    end: datetime
    is_partial: bool
    covered: Span


def bucket_key(day: date, interval: OfDays, week_start: WeekStart = WeekStart.MONDAY) -> str:
    """YYYYMMDD, YYYYMM or YYYYww. A week may belong to another year than the day."""
    match interval:
        case DateInterval.DAY:
            return day.isoformat().replace("-", "")
        case DateInterval.WEEK:
            return _week_key(day, week_start)
        case DateInterval.MONTH:
            return day.isoformat()[:7].replace("-", "")


def _week_key(day: date, week_start: WeekStart) -> str:
    if week_start is WeekStart.MONDAY:
        year, week, _ = day.isocalendar()
        return f"{year:04}{week:02}"
    saturday = _first_day(day, DateInterval.WEEK, week_start) + WEEK - DAY
    return f"{saturday.year:04}{(saturday.timetuple().tm_yday + 6) // 7:02}"


def _first_day(day: date, interval: OfDays, week_start: WeekStart) -> date:
    match interval:
        case DateInterval.DAY:
            return day
        case DateInterval.WEEK:
            passed = day.weekday() if week_start is WeekStart.MONDAY else day.isoweekday() % 7
            return day - timedelta(days=passed)
        case DateInterval.MONTH:
            return month_start(day)


def _first_day_after(first: date, interval: OfDays) -> date:
    match interval:
        case DateInterval.DAY:
            return first + DAY
        case DateInterval.WEEK:
            return first + WEEK
        case DateInterval.MONTH:
            return next_month(first)


def buckets(
    span: Span, interval: DateInterval, zone: ZoneInfo, week_start: WeekStart = WeekStart.MONDAY
) -> list[Bucket]:
    """Every bucket that the span touches, in order. A day that the zone skipped has no bucket."""
    return list(each_bucket(span, interval, zone, week_start))


def each_bucket(
    span: Span, interval: DateInterval, zone: ZoneInfo, week_start: WeekStart = WeekStart.MONDAY
) -> Iterator[Bucket]:
    """The same buckets, made one by one, because there may be thousands of hours."""
    if interval is DateInterval.HOUR:
        found: Iterator[tuple[str, datetime, datetime]] = hours(*span, zone)
    else:
        found = _of_days(span, interval, zone, week_start)
    for key, start, end in found:
        covered = Span(max(start, span.start), min(end, span.end))
        if covered.start < covered.end:
            yield Bucket(key, start, end, covered != (start, end), covered)


def _of_days(
    span: Span, interval: OfDays, zone: ZoneInfo, week_start: WeekStart
) -> Iterator[tuple[str, datetime, datetime]]:
    first = _first_day(day_of(span.start, zone), interval, week_start)
    start = start_of_day(first, zone)
    while start < span.end:
        after = _first_day_after(first, interval)
        end = start_of_day(after, zone)
        yield bucket_key(first, interval, week_start), start, end
        first, start = after, end


def bucket_count(
    span: Span, interval: DateInterval, zone: ZoneInfo, week_start: WeekStart = WeekStart.MONDAY
) -> int:
    """How many buckets a span touches, without making them. It also counts days that the zone skipped."""
    if interval is DateInterval.HOUR:
        return hour_count(*span, zone)
    first = _first_day(day_of(span.start, zone), interval, week_start)
    last = _first_day(day_of(span.end - MICROSECOND, zone), interval, week_start)
    match interval:
        case DateInterval.DAY:
            return (last - first).days + 1
        case DateInterval.WEEK:
            return (last - first).days // 7 + 1
        case DateInterval.MONTH:
            return 12 * (last.year - first.year) + last.month - first.month + 1
