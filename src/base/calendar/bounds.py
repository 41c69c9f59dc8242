"""The bounds of a range as clients write them, and the span that they mean in a time zone."""

import re
from datetime import UTC, date, datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from base.calendar.days import first_instant, last_instant, start_of_day
from base.calendar.spans import YEARS, InvalidSpan, Span
from base.time_units import DAY, SECOND

# datetime.fromisoformat also takes week dates, digits without separators and hours alone.
_BOUND: Final = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(T([01]\d|2[0-3]):[0-5]\d"
    r"(:[0-5]\d(\.\d+)?"
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?)?)?",
    re.ASCII,
)
_BARE_DAY_LENGTH: Final = len("2023-06-04")

Bound: TypeAlias = datetime | date
"""An instant with offset, a local time without one, or a day."""


class InvalidBound(ValueError):
    pass


def parse_bound(text: str) -> Bound:
    """A day, a local time (naive) or an instant (in UTC). Digits past the microsecond are dropped."""
    if not _BOUND.fullmatch(text):
        raise InvalidBound(
            f"{text[:40]!r} is no day (2023-06-04), local time (2023-06-04T23:59:59) "
            "or instant (2023-06-04T23:59:59Z, 2023-06-04T23:59:59+02:00)"
        )
    if int(text[:4]) not in YEARS:
        raise InvalidBound(f"{text[:40]!r} lies outside the years {YEARS[0]} to {YEARS[-1]}")
    try:
        return _parsed(text)
    except ValueError as error:
        raise InvalidBound(f"{text[:40]!r} is not in the calendar: {error}") from None


def _parsed(text: str) -> Bound:
    if len(text) == _BARE_DAY_LENGTH:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text.upper())
    return moment.astimezone(UTC) if moment.tzinfo else moment


def resolve(start: Bound, end: Bound, zone: ZoneInfo) -> Span:
    """The span from `start` to the end of the second or the day that `end` names.

    If the clocks show a local time twice, a start means the first time and an end the second. If they skip
    it, both mean the instant of the jump. Raises InvalidSpan if the span is empty.
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
        return start_of_day(bound + DAY, zone)
    second = bound.replace(microsecond=0)
    if second.tzinfo:
        return second.astimezone(UTC) + SECOND
    shown = last_instant(second, zone)
    return shown + SECOND if shown else first_instant(second, zone)
