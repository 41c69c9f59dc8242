"""Spans of time, and how far the calendar goes."""

from datetime import UTC, date, datetime
from typing import Final, NamedTuple

# Even the span before the longest one starts after the year 1.
YEARS: Final = range(1970, 3000)

FIRST_DAY: Final = date(YEARS[0], 1, 1)
AFTER_LAST_DAY: Final = date(YEARS[-1] + 1, 1, 1)
FIRST_INSTANT: Final = datetime(1, 1, 3, tzinfo=UTC)
"""Every zone has a local time for this instant and for all later ones."""


class Span(NamedTuple):
    """From `start` up to, not including, `end`: instants in UTC."""

    start: datetime
    end: datetime


class InvalidSpan(ValueError):
    pass
