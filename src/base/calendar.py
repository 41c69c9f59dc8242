"""Hours, days, weeks and months as the clocks of a time zone show them; every instant given back is in UTC.

A local day begins at the first instant at which the clocks show its date and lasts until the
next day begins: clocks set back over midnight do not reopen the day before. So days, weeks and
months cut time into pieces that neither overlap nor leave a gap.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from base.hours import hour_count, hours
from base.zones import UnknownTimeZone as UnknownTimeZone
from base.zones import time_zone as time_zone

_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = timedelta(seconds=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)

# datetime.fromisoformat also takes week dates, digits without separators and hours alone.
_BOUND: Final = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(T([01]\d|2[0-3]):[0-5]\d"
    r"(:[0-5]\d(\.\d+)?"
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?)?)?",
    re.ASCII,
)
_BARE_DAY_LENGTH: Final = len("2023-06-04")
# The span before the longest one, too, still starts after the year 1.
_YEARS: Final = range(1970, 3000)

FIRST_DAY: Final = date(_YEARS[0], 1, 1)
AFTER_LAST_DAY: Final = date(_YEARS[-1] + 1, 1, 1)
# Of which every zone has a local time.
FIRST_INSTANT: Final = datetime(1, 1, 3, tzinfo=UTC)


class DateInterval(Enum):
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


OfDays: TypeAlias = Literal[DateInterval.DAY, DateInterval.WEEK, DateInterval.MONTH]
"""Intervals that begin where days do."""


class WeekStart(Enum):
    """MONDAY numbers weeks by ISO 8601, SUNDAY by the US rule: week 1 is the one with January 1st."""

    MONDAY = "MONDAY"
    SUNDAY = "SUNDAY"


class Span(NamedTuple):
    """From `start` up to, not including, `end`: instants in UTC."""

    start: datetime
    end: datetime


class Bucket(NamedTuple):
    """An hour, day, week or month from `start` up to `end` (not included), and the part a range covers."""

    key: str
    start: datetime
    end: datetime
    is_partial: bool
    covered: Span


# An instant with offset, a local time without one (read in the asked zone), or a day.
Bound: TypeAlias = datetime | date

_Limit = TypeVar("_Limit", bound=date)


class Piece(NamedTuple, Generic[_Limit]):
    """A run of one span, `end` not included; `position` says which span of the sequence."""

    position: int
    start: _Limit
    end: _Limit


class Pieces(NamedTuple):
    """Each span exactly once: as whole months (by their first days), whole days, and instants."""

    months: list[Piece[date]]
    days: list[Piece[date]]
    edges: list[Piece[datetime]]


class InvalidBound(ValueError):
    pass


class InvalidSpan(ValueError):
    pass


def parse_bound(text: str) -> Bound:
    """A day, a local time (naive) or an instant (in UTC); digits past the microsecond are dropped."""
    if not _BOUND.fullmatch(text):
        raise InvalidBound(
            f"{text[:40]!r} is no day (2023-06-04), local time (2023-06-04T23:59:59) "
            "or instant (2023-06-04T23:59:59Z, 2023-06-04T23:59:59+02:00)"
        )
    if int(text[:4]) not in _YEARS:
        raise InvalidBound(f"{text[:40]!r} lies outside the years {_YEARS[0]} to {_YEARS[-1]}")
    try:
        return _parsed(text)
    except ValueError as error:
        raise InvalidBound(f"{text[:40]!r} is not in the calendar: {error}") from None


def _parsed(text: str) -> Bound:
    if len(text) == _BARE_DAY_LENGTH:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text.upper())
    return moment.astimezone(UTC) if moment.tzinfo else moment


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    local = instant.astimezone(zone)
    day = local.date()
    # In the second pass of a repeated hour the next day may have begun already.
    if local.fold and start_of_day(day + _DAY, zone) <= instant:
        return day + _DAY
    return day


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day; that of the next day where the zone left the day out."""
    return _first_instant(day, zone)


# A series asks for the same days again and again: a hit takes a tenth of the time.
@lru_cache(maxsize=8192)
def _first_instant(day: date, zone: ZoneInfo) -> datetime:
    midnight = datetime.combine(day, time.min, zone)
    return _shown(midnight) or _jump(midnight)


def _shown(local: datetime) -> datetime | None:
    """When the clocks show a local time (with fold=1 the last time, else the first), None if never."""
    instant = local.astimezone(UTC)
    return instant if instant.astimezone(local.tzinfo) == local else None


def _jump(skipped: datetime) -> datetime:
    """The instant at which the clocks were set forward over a local time."""
    second = skipped.replace(microsecond=0)
    # In a gap, fold=1 counts with the offset after the jump and so comes out before it.
    before = second.replace(fold=1).astimezone(UTC)
    after = second.replace(fold=0).astimezone(UTC)

    def is_past(seconds: int) -> bool:
        return (before + seconds * _SECOND).astimezone(second.tzinfo) > second

    return before + bisect_left(range((after - before) // _SECOND), True, key=is_past) * _SECOND


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone first show a local time; when they are set forward over it, then."""
    shown = local.replace(tzinfo=zone, fold=0)
    return _shown(shown) or _jump(shown)


def resolve(start: Bound, end: Bound, zone: ZoneInfo) -> Span:
    """The span from `start`, as given, through the whole second or day of `end`.

    A local time that the clocks show twice is the first for a start, the second for an end; one
    that they skip is the jump, for both. InvalidSpan if nothing is left.
    """
    span = Span(_start(start, zone), _end(end, zone))
    if span.start >= span.end:
        ends = f"from {start.isoformat()} to {end.isoformat()}"
        raise InvalidSpan(f"the range {ends} is empty: it must start before it ends")
    return span


def _start(bound: Bound, zone: ZoneInfo) -> datetime:
    if not isinstance(bound, datetime):
        return start_of_day(bound, zone)
    return bound.astimezone(UTC) if bound.tzinfo else first_instant(bound, zone)


def _end(bound: Bound, zone: ZoneInfo) -> datetime:
    if not isinstance(bound, datetime):
        return start_of_day(bound + _DAY, zone)
    second = bound.replace(microsecond=0)
    if second.tzinfo:
        return second.astimezone(UTC) + _SECOND
    local = second.replace(tzinfo=zone, fold=1)
    shown = _shown(local)
    return shown + _SECOND if shown else _jump(local)


def touched_days(span: Span, zone: ZoneInfo) -> tuple[date, date]:
    """The first local day that a span touches, and the day after the last."""
    return day_of(span.start, zone), day_of(span.end - _MICROSECOND, zone) + _DAY


def month_start(day: date) -> date:
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def bucket_key(day: date, interval: OfDays, week_start: WeekStart = WeekStart.MONDAY) -> str:
    """YYYYMMDD, YYYYMM, or YYYYww in the year to which the week belongs, which may not be the day's."""
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
    saturday = _first_day(day, DateInterval.WEEK, week_start) + _WEEK - _DAY
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
            return first + _DAY
        case DateInterval.WEEK:
            return first + _WEEK
        case DateInterval.MONTH:
            return next_month(first)


def buckets(
    span: Span, interval: DateInterval, zone: ZoneInfo, week_start: WeekStart = WeekStart.MONDAY
) -> list[Bucket]:
    """Every bucket that the span touches, in order; days that the zone left out are none."""
    return list(each_bucket(span, interval, zone, week_start))


def each_bucket(
    span: Span, interval: DateInterval, zone: ZoneInfo, week_start: WeekStart = WeekStart.MONDAY
) -> Iterator[Bucket]:
    """The same, made one by one: of hours there may be thousands."""
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
    """How many buckets a span touches, without making them; more by the days that the zone left out, fewer by
    hours that end early where clocks change by a part of one."""
    if interval is DateInterval.HOUR:
        return hour_count(*span, zone)
    first = _first_day(day_of(span.start, zone), interval, week_start)
    last = _first_day(day_of(span.end - _MICROSECOND, zone), interval, week_start)
    match interval:
        case DateInterval.DAY:
            return (last - first).days + 1
        case DateInterval.WEEK:
            return (last - first).days // 7 + 1
        case DateInterval.MONTH:
            return 12 * (last.year - first.year) + last.month - first.month + 1


def pieces(spans: Sequence[Span], reporting_zone: ZoneInfo) -> Pieces:
    """What to read from month totals, day totals and events: at most 1, 2 and 2 runs of each span."""
    runs = Pieces([], [], [])
    for position, (start, end) in enumerate(spans):
        if end - start <= _HOUR:
            # No day is as short; and a series has thousands of hours.
            _add(runs.edges, position, start, end)
            continue
        first, first_start = _first_whole_day(start, reporting_zone)
        after = day_of(end, reporting_zone)
        after_start = start_of_day(after, reporting_zone)
        if first_start >= after_start:
            _add(runs.edges, position, start, end)
            continue
        month, after_month = _whole_months(first, after)
        _add(runs.months, position, month, after_month)
        _add(runs.days, position, first, month)
        _add(runs.days, position, after_month, after)
        _add(runs.edges, position, start, first_start)
        _add(runs.edges, position, after_start, end)
    return runs


def _first_whole_day(instant: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """The first day that does not begin before the instant, and its start."""
    day = day_of(instant, zone)
    start = start_of_day(day, zone)
    if start < instant:
        day += _DAY
        start = start_of_day(day, zone)
    return day, start


def _whole_months(first: date, after: date) -> tuple[date, date]:
    """The first days of the first whole month and of the month after the last; `after` twice if none."""
    month, after_month = next_month(first - _DAY), month_start(after)
    return (month, after_month) if month < after_month else (after, after)


def _add(run: list[Piece[_Limit]], position: int, start: _Limit, end: _Limit) -> None:
    if start < end:
        run.append(Piece(position, start, end))
