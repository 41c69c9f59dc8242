"""The span before a span, for comparison: the calendar's previous one, or one of equal length."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from base.calendar.days import day_of, start_of_day
from base.calendar.spans import FIRST_INSTANT, InvalidSpan, Span
from base.time_units import DAY


def previous(span: Span, zone: ZoneInfo) -> Span:
    """The span that ends where this one starts, with as many whole months or whole days.

    The clocks of the zone say what is whole. If this span has neither whole months nor whole days, the span
    before it has the same length in time. Raises InvalidSpan if the calendar does not go back so far.
    """
    first, stop = _day_that_starts(span.start, zone), _day_that_starts(span.end, zone)
    if first is None or stop is None:
        return equally_long_before(span)
    try:
        start = start_of_day(_first_before(first, stop), zone)
        if start == span.start:
            # The zone skipped these days.
            start = start_of_day(day_of(span.start - DAY, zone), zone)
    except (OverflowError, ValueError):
        raise _too_early() from None
    if start < FIRST_INSTANT:
        raise _too_early()
    return Span(start, span.start)


def equally_long_before(span: Span) -> Span:
    """The span of equal length that ends where this one starts. Raises InvalidSpan if the calendar does not
    go back so far.
    """
    length = span.end - span.start
    if span.start - FIRST_INSTANT < length:
        raise _too_early()
    return Span(span.start - length, span.start)


def _day_that_starts(instant: datetime, zone: ZoneInfo) -> date | None:
    day = day_of(instant, zone)
    return day if start_of_day(day, zone) == instant else None


def _first_before(first: date, stop: date) -> date:
    """Raises ValueError or OverflowError before the year 1."""
    if first.day == stop.day == 1:
        months = 2 * (first.year * 12 + first.month - 1) - (stop.year * 12 + stop.month - 1)
        return date(months // 12, months % 12 + 1, 1)
    return first - (stop - first)


def _too_early() -> InvalidSpan:
    return InvalidSpan("the calendar has no range of this length before this one")
