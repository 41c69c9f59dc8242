"""Hours as the clocks of a time zone show them: each ends where the clocks show the next full hour.

If clocks are set back, an hour that they show again is another hour. If they are set forward over a full
hour, the next hour begins at that instant. So a day that lasts 25 hours has 25 hours, and so has a day that
lasts 24.5.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from base.time_units import HOUR, MICROSECOND, SECOND

_AT_ONCE: Final = 24
"""Hours between two looks at the zone: no zone changes its clocks and changes them back within a day."""


class Hour(NamedTuple):
    """From `start` up to, not including, `end`: instants in UTC."""

    key: str
    """YYYYMMDDHH. An hour that the clocks show again has its offset behind: 2023102902+0100."""
    start: datetime
    end: datetime


def hours(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Hour]:
    """All hours that the time from `start` up to `end` touches, in order. Both are in UTC."""
    begin = _begin(start, zone)
    while begin < end:
        local = begin.astimezone(zone)
        if _past(local) or _offset(begin + _AT_ONCE * HOUR, zone) != local.utcoffset():
            after = _end(begin, zone)
            yield Hour(_key(local), begin, after)
            begin = after
            continue
        # Time that the clocks show again may be over before the next hour.
        shown = local.replace(tzinfo=None)
        for _ in range(1 if local.fold else _AT_ONCE):
            if begin >= end:
                return
            after = begin + HOUR
            yield Hour(_key(local) if local.fold else _digits(shown.isoformat()), begin, after)
            begin, shown = after, shown + HOUR


def hour_count(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """How many hours the time from `start` up to `end` touches, without making them. It leaves out hours that
    are cut short because clocks change by a part of an hour.
    """
    first = start - _past(start.astimezone(zone))
    last = end - MICROSECOND
    last -= _past(last.astimezone(zone))
    return -((first - last) // HOUR) + 1


def _key(local: datetime) -> str:
    digits = _digits(local.isoformat())
    return f"{digits}{local:%z}" if local.fold else digits


def _digits(text: str) -> str:
    return f"{text[:4]}{text[5:7]}{text[8:10]}{text[11:13]}"


def _past(local: datetime) -> timedelta:
    """The time since the last full hour."""
    return timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _begin(instant: datetime, zone: ZoneInfo) -> datetime:
    """The start of the hour that an instant is in."""
    full = instant - _past(instant.astimezone(zone))
    if _offset(full, zone) == _offset(instant, zone):
        return full
    change = _change(full, instant, zone)
    return _begin(change - MICROSECOND, zone) if _goes_on(change, zone) else change


def _end(instant: datetime, zone: ZoneInfo) -> datetime:
    full = instant + HOUR - _past(instant.astimezone(zone))
    if _offset(full - MICROSECOND, zone) == _offset(instant, zone):
        return full
    change = _change(instant, full - MICROSECOND, zone)
    return _end(change, zone) if _goes_on(change, zone) else change


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the offset of `after` holds."""
    old = _offset(before, zone)
    whole = before.replace(microsecond=0)
    seconds = range((after - whole) // SECOND + 1)
    return whole + SECOND * bisect_left(
        seconds, True, key=lambda second: _offset(whole + second * SECOND, zone) != old
    )


def _goes_on(change: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks are set forward at this instant and still show the same hour."""
    before, after = (change - MICROSECOND).astimezone(zone), change.astimezone(zone)
    return _hour(before) == _hour(after) and _offset(change - MICROSECOND, zone) < _offset(change, zone)


def _hour(local: datetime) -> tuple[int, int, int, int]:
    return local.year, local.month, local.day, local.hour
