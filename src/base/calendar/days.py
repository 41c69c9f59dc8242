"""Days and months as the clocks of a time zone show them.

A local day begins at the first instant at which the clocks show its date, and lasts until the next day
begins. Clocks that are set back over midnight do not reopen the day before. So days, weeks and months cut
time into pieces that neither overlap nor leave a gap.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from base.calendar.spans import Span
from base.time_units import DAY, MICROSECOND, SECOND


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    local = instant.astimezone(zone)
    day = local.date()
    # When clocks show an hour again, the next day may have begun already.
    if local.fold and start_of_day(day + DAY, zone) <= instant:
        return day + DAY
    return day


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day. For a day that the zone skipped it is the start of the next day."""
    return _start_of_day(day, zone)


# A series asks for the same days again and again: a cached one takes a tenth of the time.
@lru_cache(maxsize=8192)
def _start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return first_instant(datetime.combine(day, time.min), zone)


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone first show a local time, or are set forward over it."""
    shown = local.replace(tzinfo=zone, fold=0)
    return _shown(shown) or _jump(shown)


def last_instant(local: datetime, zone: ZoneInfo) -> datetime | None:
    """When the clocks of a zone last show a local time; None if they are set forward over it."""
    return _shown(local.replace(tzinfo=zone, fold=1))


def _shown(local: datetime) -> datetime | None:
    """When the clocks show a local time (with fold=1 the last time, else the first), None if never."""
    instant = local.astimezone(UTC)
    return instant if instant.astimezone(local.tzinfo) == local else None


def _jump(skipped: datetime) -> datetime:
    """The instant at which the clocks are set forward over a local time."""
    second = skipped.replace(microsecond=0)
    # In a gap, fold=1 uses the offset after the jump, and so gives an instant before it.
    before = second.replace(fold=1).astimezone(UTC)
    after = second.replace(fold=0).astimezone(UTC)

    def is_past(seconds: int) -> bool:
        return (before + seconds * SECOND).astimezone(second.tzinfo) > second

    return before + bisect_left(range((after - before) // SECOND), True, key=is_past) * SECOND


def touched_days(span: Span, zone: ZoneInfo) -> tuple[date, date]:
    """The first local day that a span touches, and the day after the last."""
    return day_of(span.start, zone), day_of(span.end - MICROSECOND, zone) + DAY


def month_start(day: date) -> date:
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
