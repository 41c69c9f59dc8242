"""The calendar: hours, days, weeks and months as the clocks of a time zone show them.

All instants that it returns are in UTC. Import from here, never from the modules inside.
"""

from base.calendar.bounds import Bound, InvalidBound, parse_bound, resolve
from base.calendar.buckets import (
    Bucket,
    DateInterval,
    OfDays,
    WeekStart,
    bucket_count,
    bucket_key,
    buckets,
    each_bucket,
)
from base.calendar.days import day_of, first_instant, month_start, next_month, start_of_day, touched_days
from base.calendar.noons import noons
from base.calendar.periods import equally_long_before, previous
from base.calendar.pieces import Piece, Pieces, pieces, signed_pieces
from base.calendar.spans import AFTER_LAST_DAY, FIRST_DAY, FIRST_INSTANT, InvalidSpan, Span
from base.calendar.timelines import Cut, Timeline, known_timeline, remember
from base.calendar.whole_hours import CutEdges, DayHours, cut_at_hours, day_hours
from base.zones import UnknownTimeZone, time_zone

__all__ = [
    "AFTER_LAST_DAY",
    "FIRST_DAY",
    "FIRST_INSTANT",
    "Bound",
    "Bucket",
    "Cut",
    "CutEdges",
    "DateInterval",
    "DayHours",
    "InvalidBound",
    "InvalidSpan",
    "OfDays",
    "Piece",
    "Pieces",
    "Span",
    "Timeline",
    "UnknownTimeZone",
    "WeekStart",
    "bucket_count",
    "bucket_key",
    "buckets",
    "cut_at_hours",
    "day_hours",
    "day_of",
    "each_bucket",
    "equally_long_before",
    "first_instant",
    "known_timeline",
    "month_start",
    "next_month",
    "noons",
    "parse_bound",
    "pieces",
    "previous",
    "remember",
    "resolve",
    "signed_pieces",
    "start_of_day",
    "time_zone",
    "touched_days",
]
