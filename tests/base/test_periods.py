"""The range before a range: the calendar's, and one that is as long."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from base.calendar import (
    InvalidSpan,
    Span,
    equally_long_before,
    parse_bound,
    previous,
    resolve,
    start_of_day,
    time_zone,
)
from tests.base.test_calendar import ONE_DAY, any_span, utc, zones


def range_of(start: str, end: str, zone: str) -> Span:
    return resolve(parse_bound(start), parse_bound(end), time_zone(zone))


@pytest.mark.parametrize(
    ("zone", "start", "end", "before", "through"),
    [
        # All of its 23 hours; and of its 25.
        ("Europe/Berlin", "2025-03-31", "2025-03-31", "2025-03-30", "2025-03-30"),
        ("Europe/Berlin", "2025-03-30", "2025-03-30", "2025-03-29", "2025-03-29"),
        ("Europe/Berlin", "2025-10-27", "2025-10-27", "2025-10-26", "2025-10-26"),
        ("Europe/Berlin", "2025-03-31", "2025-04-06", "2025-03-24", "2025-03-30"),
        ("UTC", "2025-03-01", "2025-03-31", "2025-02-01", "2025-02-28"),
        ("Europe/Berlin", "2025-03-01", "2025-03-31", "2025-02-01", "2025-02-28"),
        ("Europe/Berlin", "2024-03-01", "2024-03-31", "2024-02-01", "2024-02-29"),
        ("Europe/Berlin", "2025-01-01", "2025-01-31", "2024-12-01", "2024-12-31"),
        ("America/New_York", "2025-04-01", "2025-06-30", "2025-01-01", "2025-03-31"),
        ("America/New_York", "2024-01-01", "2024-12-31", "2023-01-01", "2023-12-31"),
        ("Asia/Kolkata", "2023-11-01", "2024-02-29", "2023-07-01", "2023-10-31"),
        # No whole months: as many days.
        ("UTC", "2025-03-01", "2025-03-30", "2025-01-30", "2025-02-28"),
        ("UTC", "2025-03-02", "2025-04-01", "2025-01-30", "2025-03-01"),
        # The day that the zone left out is none, and counts where it is one of several.
        ("Pacific/Apia", "2011-12-31", "2011-12-31", "2011-12-29", "2011-12-29"),
        ("Pacific/Apia", "2012-01-01", "2012-01-07", "2011-12-25", "2011-12-31"),
        ("Pacific/Apia", "2012-01-01", "2012-01-31", "2011-12-01", "2011-12-31"),
    ],
)
def test_days_come_after_days_and_months_after_months(
    zone: str, start: str, end: str, before: str, through: str
) -> None:
    assert previous(range_of(start, end, zone), time_zone(zone)) == range_of(before, through, zone)


def test_the_day_before_has_the_hours_that_it_had() -> None:
    berlin = time_zone("Europe/Berlin")
    found = previous(range_of("2025-03-31", "2025-03-31", "Europe/Berlin"), berlin)
    assert found == (utc("2025-03-29T23:00"), utc("2025-03-30T22:00"))
    assert found.end - found.start == timedelta(hours=23)


def test_what_is_no_whole_day_has_a_range_before_it_that_is_as_long() -> None:
    morning = range_of("2025-03-30T00:00", "2025-03-30T05:59:59", "Europe/Berlin")
    assert previous(morning, time_zone("Europe/Berlin")) == (utc("2025-03-29T18:00"), utc("2025-03-29T23:00"))
    day_of_another_zone = range_of("2025-03-31", "2025-03-31", "UTC")
    assert previous(day_of_another_zone, time_zone("Europe/Berlin")) == range_of(
        "2025-03-30", "2025-03-30", "UTC"
    )


def test_one_that_is_as_long_starts_wherever_that_is() -> None:
    march = range_of("2025-03-01", "2025-03-31", "Europe/Berlin")
    assert equally_long_before(march) == (utc("2025-01-29T00:00"), utc("2025-02-28T23:00"))


def test_the_calendar_ends_somewhere() -> None:
    far = range_of("1970-01-01", "2969-12-31", "UTC")
    for before in (lambda span: previous(span, time_zone("UTC")), equally_long_before):
        with pytest.raises(InvalidSpan, match="no range of this length before this one"):
            before(before(far))


def months_in(first: date, after: date) -> int:
    months, day = 0, first
    while day < after:
        day = (day + 31 * ONE_DAY).replace(day=1)
        months += 1
    return months


@given(
    st.dates(date(1971, 1, 1), date(2037, 1, 1)),
    st.integers(1, 40),
    st.booleans(),
    zones,
)
@example(date(2011, 12, 31), 1, False, time_zone("Pacific/Apia"))
@example(date(1993, 8, 22), 1, False, time_zone("Pacific/Kwajalein"))
@settings(max_examples=300)
def test_the_previous_range_is_found_by_going_back_step_by_step(
    first: date, count: int, is_of_months: bool, zone: ZoneInfo
) -> None:
    """By an oracle that counts on its fingers."""
    if is_of_months:
        first = first.replace(day=1)
        after = first
        for _ in range(count):
            after = (after + 31 * ONE_DAY).replace(day=1)
    else:
        after = first + count * ONE_DAY
    span = Span(start_of_day(first, zone), start_of_day(after, zone))
    if span.start == span.end:
        return
    back = first
    if first.day == after.day == 1:
        for _ in range(months_in(first, after)):
            back = (back - ONE_DAY).replace(day=1)
    else:
        for _ in range((after - first).days):
            back -= ONE_DAY
    while start_of_day(back, zone) == span.start:
        back -= ONE_DAY
    assert previous(span, zone) == (start_of_day(back, zone), span.start)


@given(any_span, zones)
@settings(max_examples=200)
def test_each_range_follows_the_one_before_it(span: Span, zone: ZoneInfo) -> None:
    before = previous(span, zone)
    assert before.end == span.start
    assert before.start < before.end
    as_long = equally_long_before(span)
    assert (as_long.end, as_long.end - as_long.start) == (span.start, span.end - span.start)
