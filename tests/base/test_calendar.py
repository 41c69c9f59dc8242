from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from base.calendar import (
    Bound,
    Bucket,
    DateInterval,
    InvalidBound,
    InvalidSpan,
    OfDays,
    Piece,
    Pieces,
    Span,
    UnknownTimeZone,
    WeekStart,
    bucket_key,
    buckets,
    day_of,
    equally_long_before,
    month_start,
    next_month,
    parse_bound,
    pieces,
    resolve,
    signed_pieces,
    start_of_day,
    time_zone,
)

DAY: Final = DateInterval.DAY
WEEK: Final = DateInterval.WEEK
MONTH: Final = DateInterval.MONTH
OF_DAYS: Final[tuple[OfDays, ...]] = (DAY, WEEK, MONTH)
MICROSECOND, SECOND, HOUR = timedelta(microseconds=1), timedelta(seconds=1), timedelta(hours=1)
ONE_DAY = timedelta(days=1)
UTC_ZONE = time_zone("UTC")
JUNE_4 = date(2023, 6, 4)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def keys(found: Sequence[Bucket]) -> list[str]:
    return [bucket.key for bucket in found]


def range_of(start: str, end: str, zone: ZoneInfo = UTC_ZONE) -> Span:
    return resolve(parse_bound(start), parse_bound(end), zone)


# Time zones


def test_every_name_of_tzdata_is_a_time_zone() -> None:
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    assert [time_zone(name).key for name in names] == names


NO_TIME_ZONES = [
    "",
    ".",
    "/",
    "localtime",
    "posixrules",
    "zones",
    "tzdata.zi",
    "America",
    "America/",
    "america/new_york",
    "EUROPE/PARIS",
    "utc",
    " UTC",
    "UTC\n",
    "UTC\0",
    "\0",
    "../UTC",
    "Europe/../UTC",
    "/usr/share/zoneinfo/UTC",
    "Europe\\Paris",
    "right/UTC",
    "+02:00",
    "EST5EDT4",
    "\ud800",
    "Ä",
    "x" * 100_000,
]


@pytest.mark.parametrize("name", NO_TIME_ZONES, ids=lambda name: ascii(name[:30]))
def test_another_name_is_an_unknown_time_zone(name: str) -> None:
    with pytest.raises(UnknownTimeZone) as caught:
        time_zone(name)
    assert str(caught.value) == f"{name[:40]!r} is no IANA time zone name, such as Europe/Paris"


@given(st.text())
@settings(max_examples=200)
def test_any_text_is_a_time_zone_or_an_unknown_one(name: str) -> None:
    with suppress(UnknownTimeZone):
        assert time_zone(name).key == name


# Bounds


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("2023-06-04", JUNE_4),
        ("1970-01-01", date(1970, 1, 1)),
        ("2999-12-31", date(2999, 12, 31)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-06-04T23:59", datetime.combine(JUNE_4, time(23, 59))),
        ("2023-06-04T23:59:59", datetime.combine(JUNE_4, time(23, 59, 59))),
        ("2023-06-04T23:59:59.5", datetime.combine(JUNE_4, time(23, 59, 59, 500_000))),
        ("2023-06-04T23:59:59.123456", datetime.combine(JUNE_4, time(23, 59, 59, 123_456))),
        ("2023-06-04T23:59:59.99999999999", datetime.combine(JUNE_4, time(23, 59, 59, 999_999))),
        ("2023-06-04T23:59:59Z", datetime(2023, 6, 4, 23, 59, 59, tzinfo=UTC)),
        ("2023-06-04T23:59:59z", datetime(2023, 6, 4, 23, 59, 59, tzinfo=UTC)),
        ("2023-06-04T23:59:59.123Z", datetime(2023, 6, 4, 23, 59, 59, 123_000, tzinfo=UTC)),
        ("2023-06-04T23:59:59-00:00", datetime(2023, 6, 4, 23, 59, 59, tzinfo=UTC)),
        ("2023-06-04T23:59:59+05:30", datetime(2023, 6, 4, 18, 29, 59, tzinfo=UTC)),
        ("1970-01-01T00:00:00+23:59", datetime(1969, 12, 31, 0, 1, tzinfo=UTC)),
        ("2999-12-31T23:59:59-23:59", datetime(3000, 1, 1, 23, 58, 59, tzinfo=UTC)),
    ],
)
def test_a_day_a_local_time_or_an_instant_is_a_bound(text: str, bound: Bound) -> None:
    parsed = parse_bound(text)
    assert parsed == bound
    assert type(parsed) is type(bound)
    if isinstance(parsed, datetime) and isinstance(bound, datetime):
        assert parsed.tzinfo is bound.tzinfo


NO_BOUNDS = [
    "",
    "yesterday",
    "2023",
    "2023-06",
    "2023-6-4",
    "20230604",
    "20230604T000000",
    "2023-W22-1",
    "2023W221",
    "2023-155",
    "23-06-04",
    "+2023-06-04",
    "12023-06-04",
    " 2023-06-04",
    "2023-06-04 ",
    "2023-06-04\n",
    "2023/06/04",
    "2023-06-04T",
    "2023-06-04Z",
    "2023-06-04T23",
    "2023-06-04T23Z",
    "2023-06-04T2359",
    "2023-06-04 23:59:59",
    "2023-06-04t23:59:59",
    "2023-06-04T23:59:59 Z",
    "2023-06-04T23:59Z",
    "2023-06-04T23:59:59.",
    "2023-06-04T23:59:59,5",
    "2023-06-04T23:59:59+02",
    "2023-06-04T23:59:59+0200",
    "2023-06-04T23:59:59+02:00:30",
    "2023-06-04T23:59:59+24:00",
    "2023-06-04T23:59:59+02:60",
    "2023-06-04T23:59:59ZZ",
    "2023-06-04T23:59:59[UTC]",
    "2023-06-04T24:00:00",
    "2023-06-04T23:60:00",
    "2023-06-04T23:59:60",
    "٢٠٢٣-٠٦-٠٤",
    "2023-06-04\0",
    "1685836800",
]


@pytest.mark.parametrize("text", NO_BOUNDS, ids=ascii)
def test_another_shape_is_no_bound(text: str) -> None:
    with pytest.raises(InvalidBound) as caught:
        parse_bound(text)
    assert str(caught.value) == (
        f"{text!r} is no day (2023-06-04), local time (2023-06-04T23:59:59) "
        "or instant (2023-06-04T23:59:59Z, 2023-06-04T23:59:59+02:00)"
    )


@pytest.mark.parametrize("text", ["0000-01-01", "1969-12-31", "3000-01-01", "9999-12-31T23:59:59Z"])
def test_a_year_that_nobody_measured_is_no_bound(text: str) -> None:
    with pytest.raises(InvalidBound, match=r"lies outside the years 1970 to 2999$"):
        parse_bound(text)


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2023-13-01", "2023-00-01", "2023-06-00", "2023-06-31T12:00:00", "2100-02-29"]
)
def test_a_day_that_no_calendar_has_is_no_bound(text: str) -> None:
    with pytest.raises(InvalidBound, match=f"^'{text}' is not in the calendar: "):
        parse_bound(text)


@given(
    st.text()
    | st.from_regex(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", fullmatch=True)
)
@settings(max_examples=300)
def test_any_text_is_a_bound_or_an_invalid_one(text: str) -> None:
    with suppress(InvalidBound):
        assert isinstance(parse_bound(text), date)


# Days


@pytest.mark.parametrize(
    ("zone", "local_day", "start", "hours"),
    [
        ("UTC", "2023-06-04", "2023-06-04T00:00", 24),
        ("America/New_York", "2023-03-12", "2023-03-12T05:00", 23),
        ("America/New_York", "2023-11-05", "2023-11-05T04:00", 25),
        ("Australia/Lord_Howe", "2023-04-02", "2023-04-01T13:00", 24.5),
        ("Australia/Lord_Howe", "2023-10-01", "2023-09-30T13:30", 23.5),
        ("Asia/Kathmandu", "2023-06-04", "2023-06-03T18:15", 24),
        # Midnight itself is skipped: the day begins at 01:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", 23),
        ("Africa/Cairo", "2023-04-28", "2023-04-27T22:00", 23),
        # The hour before midnight is skipped.
        ("America/Nuuk", "2024-03-30", "2024-03-30T02:00", 23),
        ("America/Nuuk", "2024-03-31", "2024-03-31T01:00", 24),
        # The jump from 23:30 to 00:30 straddles midnight.
        ("America/Toronto", "1919-03-30", "1919-03-30T05:00", 23.5),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30", 23.5),
        # Midnight comes twice on the same day.
        ("America/Havana", "2023-11-05", "2023-11-05T04:00", 25),
        # Clocks go back at 24:00, so that midnight comes once.
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00", 25),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00", 24),
        # Clocks go back at 00:01, so that midnight comes twice with 59 minutes of the day before between.
        ("America/St_Johns", "2006-10-28", "2006-10-28T02:30", 24),
        ("America/St_Johns", "2006-10-29", "2006-10-29T02:30", 25),
        # The date line moved.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00", 24),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", 0),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00", 24),
        ("Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00", 0),
        # Offsets with seconds.
        ("Africa/Monrovia", "1972-01-06", "1972-01-06T00:44:30", 24),
        ("Africa/Monrovia", "1972-01-07", "1972-01-07T00:44:30", 23 + (15 * 60 + 30) / 3600),
    ],
)
def test_a_day_begins_at_its_first_instant(zone: str, local_day: str, start: str, hours: float) -> None:
    began = start_of_day(day(local_day), time_zone(zone))
    assert began == utc(start)
    assert began.tzinfo is UTC
    assert start_of_day(day(local_day) + ONE_DAY, time_zone(zone)) - began == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "instant", "local_day"),
    [
        ("America/Los_Angeles", "2023-06-04T23:30", "2023-06-04"),
        ("Asia/Kolkata", "2023-06-04T23:30", "2023-06-05"),
        ("America/Havana", "2023-11-05T03:59:59.999999", "2023-11-04"),
        ("America/Havana", "2023-11-05T04:00", "2023-11-05"),
        ("America/Havana", "2023-11-05T05:00", "2023-11-05"),
        ("Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-31"),
        # The clocks show October 29th for a minute, then 28th again: the 29th has begun.
        ("America/St_Johns", "2006-10-29T02:29", "2006-10-28"),
        ("America/St_Johns", "2006-10-29T02:30", "2006-10-29"),
        ("America/St_Johns", "2006-10-29T02:31", "2006-10-29"),
        ("America/St_Johns", "2006-10-29T03:29", "2006-10-29"),
        ("America/St_Johns", "2006-10-29T03:30", "2006-10-29"),
    ],
)
def test_an_instant_belongs_to_a_local_day(zone: str, instant: str, local_day: str) -> None:
    assert day_of(utc(instant), time_zone(zone)) == day(local_day)


@pytest.mark.parametrize(
    ("given_day", "first", "following"),
    [
        ("2023-06-01", "2023-06-01", "2023-07-01"),
        ("2023-12-31", "2023-12-01", "2024-01-01"),
        ("2024-01-31", "2024-01-01", "2024-02-01"),
        ("2024-11-30", "2024-11-01", "2024-12-01"),
    ],
)
def test_months_follow_one_another(given_day: str, first: str, following: str) -> None:
    assert month_start(day(given_day)) == day(first)
    assert next_month(day(given_day)) == day(following)


# Spans


@pytest.mark.parametrize(
    ("start", "end", "zone", "first", "after"),
    [
        ("2023-06-04", "2023-06-04", "UTC", "2023-06-04T00:00", "2023-06-05T00:00"),
        ("2023-06-04", "2023-06-04", "Asia/Kathmandu", "2023-06-03T18:15", "2023-06-04T18:15"),
        ("2023-11-05", "2023-11-05", "America/New_York", "2023-11-05T04:00", "2023-11-06T05:00"),
        # The last second is included, and so is any part of it.
        ("2023-06-04T00:00", "2023-06-04T23:59:59", "UTC", "2023-06-04T00:00", "2023-06-05T00:00"),
        ("2023-06-04T00:00", "2023-06-04T23:59:59.5", "UTC", "2023-06-04T00:00", "2023-06-05T00:00"),
        ("2023-06-04", "2023-06-04T23:59:59.999999Z", "UTC", "2023-06-04T00:00", "2023-06-05T00:00"),
        ("2023-06-04", "2023-06-05T00:00", "UTC", "2023-06-04T00:00", "2023-06-05T00:00:01"),
        ("2023-06-04T00:00", "2023-06-04T00:00", "UTC", "2023-06-04T00:00", "2023-06-04T00:00:01"),
        # A start keeps its fraction.
        ("2023-06-04T00:00:00.25", "2023-06-04", "UTC", "2023-06-04T00:00:00.25", "2023-06-05T00:00"),
        ("2023-06-04T00:00:00.25Z", "2023-06-04", "UTC", "2023-06-04T00:00:00.25", "2023-06-05T00:00"),
        # Each end may be of another kind.
        ("2023-06-04T12:00:00+02:00", "2023-06-04", "Asia/Tokyo", "2023-06-04T10:00", "2023-06-04T15:00"),
        ("2023-06-04", "2023-06-04T23:59:59+05:30", "Asia/Tokyo", "2023-06-03T15:00", "2023-06-04T18:30"),
        # An hour comes twice: from the first or through the second.
        ("2023-11-05T01:30", "2023-11-05", "America/New_York", "2023-11-05T05:30", "2023-11-06T05:00"),
        ("2023-11-05", "2023-11-05T01:30", "America/New_York", "2023-11-05T04:00", "2023-11-05T06:30:01"),
        ("2023-11-05", "2023-11-05T01:59:59", "America/New_York", "2023-11-05T04:00", "2023-11-05T07:00"),
        ("2023-11-05", "2023-11-05T00:59:59", "America/New_York", "2023-11-05T04:00", "2023-11-05T05:00"),
        ("2023-11-04", "2023-11-04T23:59:59", "America/Havana", "2023-11-04T04:00", "2023-11-05T04:00"),
        # An hour never comes: from or until the jump.
        ("2023-03-12T02:30", "2023-03-12", "America/New_York", "2023-03-12T07:00", "2023-03-13T04:00"),
        ("2023-03-12", "2023-03-12T02:30", "America/New_York", "2023-03-12T05:00", "2023-03-12T07:00"),
        ("2018-11-04T00:00", "2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00", "2018-11-05T02:00"),
        ("2024-03-30", "2024-03-30T23:59:59", "America/Nuuk", "2024-03-30T02:00", "2024-03-31T01:00"),
        ("2024-03-30", "2024-03-30", "America/Nuuk", "2024-03-30T02:00", "2024-03-31T01:00"),
        ("2011-12-29", "2011-12-30", "Pacific/Apia", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("2011-12-30T12:00", "2011-12-31", "Pacific/Apia", "2011-12-30T10:00", "2011-12-31T10:00"),
    ],
)
def test_both_ends_of_a_range_are_included(start: str, end: str, zone: str, first: str, after: str) -> None:
    resolved = range_of(start, end, time_zone(zone))
    assert resolved == Span(utc(first), utc(after))
    assert resolved.start.tzinfo is UTC
    assert resolved.end.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        ("2023-06-05", "2023-06-04", "UTC"),
        ("2023-06-04T00:00:01", "2023-06-04T00:00:00", "UTC"),
        ("2023-06-04T00:00:01", "2023-06-04T00:00:00.999999", "UTC"),
        ("2023-06-05T00:00:00", "2023-06-04", "UTC"),
        ("2023-06-04T00:00:00Z", "2023-06-04T00:00:00+01:00", "UTC"),
        ("2011-12-30", "2011-12-30", "Pacific/Apia"),
        ("2023-03-12T02:10:00", "2023-03-12T02:50:00", "America/New_York"),
    ],
)
def test_a_range_without_time_is_invalid(start: str, end: str, zone: str) -> None:
    with pytest.raises(
        InvalidSpan, match=r"^the range from .+ to .+ is empty: it must start before it ends$"
    ):
        range_of(start, end, time_zone(zone))


@pytest.mark.parametrize(
    ("name", "runs"),
    [("UTC", [1, 0, 2]), ("Pacific/Kiritimati", [1, 2, 2]), ("Etc/GMT+12", [1, 1, 2])],
)
def test_the_widest_range_overflows_nowhere(name: str, runs: list[int]) -> None:
    zone = time_zone(name)
    span = range_of("1970-01-01T00:00:00+23:59", "2999-12-31T23:59:59-23:59", zone)
    assert equally_long_before(span).end - equally_long_before(span).start == span.end - span.start
    assert len(buckets(span, MONTH, zone)) == 12 * 1030 + 2
    assert [len(run) for run in pieces([span], zone)] == runs


# Keys


@pytest.mark.parametrize(
    ("given_day", "interval", "key"),
    [
        ("2023-06-05", DAY, "20230605"),
        ("2023-06-05", MONTH, "202306"),
        ("1970-01-01", WEEK, "197001"),
        ("2018-12-31", WEEK, "201901"),
        ("2021-01-03", WEEK, "202053"),
        ("2022-01-01", WEEK, "202152"),
        ("2023-01-01", WEEK, "202252"),
        ("2023-06-04", WEEK, "202322"),
        ("2023-06-05", WEEK, "202323"),
        ("2024-12-30", WEEK, "202501"),
        ("2027-01-03", WEEK, "202653"),
    ],
)
def test_a_key_names_the_bucket_of_a_day(given_day: str, interval: OfDays, key: str) -> None:
    assert bucket_key(day(given_day), interval) == key


@pytest.mark.parametrize(
    ("given_day", "key"),
    [
        ("2000-01-01", "200001"),
        ("2000-01-02", "200002"),
        ("2000-12-30", "200053"),
        ("2000-12-31", "200101"),
        ("2021-12-25", "202152"),
        ("2021-12-26", "202201"),
        ("2022-12-31", "202253"),
        ("2023-01-01", "202301"),
        ("2023-01-07", "202301"),
        ("2023-01-08", "202302"),
        ("2023-06-03", "202322"),
        ("2023-06-04", "202323"),
        ("2023-12-30", "202352"),
        ("2023-12-31", "202401"),
        ("2024-12-28", "202452"),
        ("2024-12-29", "202501"),
    ],
)
def test_an_american_week_starts_on_sunday_and_the_first_has_january_1st(given_day: str, key: str) -> None:
    assert bucket_key(day(given_day), WEEK, WeekStart.SUNDAY) == key
    assert bucket_key(day(given_day), DAY, WeekStart.SUNDAY) == bucket_key(day(given_day), DAY)
    assert bucket_key(day(given_day), MONTH, WeekStart.SUNDAY) == bucket_key(day(given_day), MONTH)


# Buckets


def test_june_2023_and_a_day_is_31_days() -> None:
    found = buckets(range_of("2023-06-01T00:00:00", "2023-07-01T23:59:59"), DAY, UTC_ZONE)
    assert keys(found) == [f"202306{number:02}" for number in range(1, 31)] + ["20230701"]
    assert not any(bucket.is_partial for bucket in found)


def test_june_2023_and_a_day_is_five_weeks_of_which_the_outer_are_partial() -> None:
    found = buckets(range_of("2023-06-01T00:00:00", "2023-07-01T23:59:59"), WEEK, UTC_ZONE)
    assert [(bucket.key, bucket.is_partial) for bucket in found] == [
        ("202322", True),
        ("202323", False),
        ("202324", False),
        ("202325", False),
        ("202326", True),
    ]
    assert found[0] == (
        "202322",
        utc("2023-05-29T00:00"),
        utc("2023-06-05T00:00"),
        True,
        Span(utc("2023-06-01T00:00"), utc("2023-06-05T00:00")),
    )


def test_june_2023_and_a_day_is_two_months_of_which_the_last_is_partial() -> None:
    found = buckets(range_of("2023-06-01T00:00:00", "2023-07-01T23:59:59"), MONTH, UTC_ZONE)
    june, july, august, second = map(utc, ["2023-06-01", "2023-07-01", "2023-08-01", "2023-07-02"])
    assert found == [
        Bucket("202306", june, july, False, Span(june, july)),
        Bucket("202307", july, august, True, Span(july, second)),
    ]


def test_weeks_run_over_the_new_year() -> None:
    span = range_of("2022-12-01T00:00:00", "2023-01-17T23:59:59")
    iso = ["202248", "202249", "202250", "202251", "202252", "202301", "202302", "202303"]
    american = ["202249", "202250", "202251", "202252", "202253", "202301", "202302", "202303"]
    assert keys(buckets(span, WEEK, UTC_ZONE)) == iso
    assert keys(buckets(span, WEEK, UTC_ZONE, WeekStart.SUNDAY)) == american


def test_a_day_that_the_zone_left_out_is_no_bucket() -> None:
    apia = time_zone("Pacific/Apia")
    found = buckets(range_of("2011-12-29", "2012-01-01", apia), DAY, apia)
    assert keys(found) == ["20111229", "20111231", "20120101"]
    assert not any(bucket.is_partial for bucket in found)


def test_a_span_touches_a_day_from_its_first_microsecond() -> None:
    midnight = utc("2023-06-05T00:00")
    assert keys(buckets(Span(midnight - HOUR, midnight), DAY, UTC_ZONE)) == ["20230604"]
    assert keys(buckets(Span(midnight - HOUR, midnight + MICROSECOND), DAY, UTC_ZONE)) == [
        "20230604",
        "20230605",
    ]
    assert keys(buckets(Span(midnight, midnight + MICROSECOND), DAY, UTC_ZONE)) == ["20230605"]
    assert buckets(Span(midnight + HOUR, midnight + HOUR), DAY, UTC_ZONE) == []


# Pieces


@pytest.mark.parametrize(
    ("start", "end", "months", "days", "edges"),
    [
        # The reporting zone is Kathmandu's, 5:45 ahead.
        ("2023-06-03T18:15", "2023-06-04T18:15", [], [("2023-06-04", "2023-06-05")], []),
        ("2023-06-04T00:00", "2023-06-05T00:00", [], [], [("2023-06-04T00:00", "2023-06-05T00:00")]),
        ("2023-06-04T18:14", "2023-06-04T18:16", [], [], [("2023-06-04T18:14", "2023-06-04T18:16")]),
        ("2023-05-14T18:15", "2023-06-09T18:15", [], [("2023-05-15", "2023-06-10")], []),
        ("2023-05-31T18:15", "2023-06-30T18:15", [("2023-06-01", "2023-07-01")], [], []),
        (
            "2023-05-31T18:15:00.000001",
            "2023-06-30T18:15",
            [],
            [("2023-06-02", "2023-07-01")],
            [("2023-05-31T18:15:00.000001", "2023-06-01T18:15")],
        ),
        (
            "2022-11-15T00:00",
            "2023-02-03T00:00",
            [("2022-12-01", "2023-02-01")],
            [("2022-11-16", "2022-12-01"), ("2023-02-01", "2023-02-03")],
            [("2022-11-15T00:00", "2022-11-15T18:15"), ("2023-02-02T18:15", "2023-02-03T00:00")],
        ),
    ],
)
def test_a_span_is_whole_months_then_whole_days_then_edges(
    start: str,
    end: str,
    months: list[tuple[str, str]],
    days: list[tuple[str, str]],
    edges: list[tuple[str, str]],
) -> None:
    found = pieces([Span(utc(start), utc(end))], time_zone("Asia/Kathmandu"))
    assert found == Pieces(
        [Piece(0, day(first), day(after)) for first, after in months],
        [Piece(0, day(first), day(after)) for first, after in days],
        [Piece(0, utc(first), utc(after)) for first, after in edges],
    )


def test_a_piece_tells_the_position_of_its_span() -> None:
    spans = [range_of("2023-06-01", "2023-06-30"), range_of("2023-07-01", "2023-07-02")]
    assert pieces(spans, UTC_ZONE) == (
        [Piece(0, day("2023-06-01"), day("2023-07-01"))],
        [Piece(1, day("2023-07-01"), day("2023-07-03"))],
        [],
    )
    assert pieces([], UTC_ZONE) == signed_pieces([], UTC_ZONE) == ([], [], [])


def test_neighbours_have_the_time_to_the_nearest_midnight_in_common() -> None:
    # Weeks of Paris, whose midnight is at 22:00 or 23:00, by days of UTC.
    texts = [
        "2023-03-12T23:00",
        "2023-03-19T23:00",
        "2023-03-26T22:00",
        "2023-03-26T22:30",
        "2023-03-27T11:00",
    ]
    spans = [Span(start, end) for start, end in pairwise(map(utc, texts))]

    assert signed_pieces(spans, UTC_ZONE) == Pieces(
        [],
        [
            Piece(0, day("2023-03-13"), day("2023-03-20")),
            Piece(1, day("2023-03-20"), day("2023-03-27")),
        ],
        [
            Piece(0, utc("2023-03-12T23:00"), utc("2023-03-13T00:00")),
            Piece(1, utc("2023-03-19T23:00"), utc("2023-03-20T00:00"), 0),
            # Half an hour, and a part of a day, are read by themselves.
            Piece(2, utc("2023-03-26T22:00"), utc("2023-03-26T22:30"), 1),
            Piece(3, utc("2023-03-26T22:30"), utc("2023-03-27T00:00"), 1),
            Piece(3, utc("2023-03-27T00:00"), utc("2023-03-27T11:00")),
        ],
    )
    # A day of New York begins five hours later: what the day before it needs of these is taken from it.
    ends = [utc("2023-05-30T05:00"), utc("2023-05-31T05:00"), utc("2023-06-30T05:00")]
    late = [Span(start, end) for start, end in pairwise(ends)]
    assert signed_pieces(late, UTC_ZONE) == Pieces(
        [],
        [
            Piece(0, day("2023-05-30"), day("2023-05-31")),
            Piece(1, day("2023-05-31"), day("2023-06-30")),
        ],
        [
            Piece(None, utc("2023-05-30T00:00"), utc("2023-05-30T05:00"), 0),
            Piece(0, utc("2023-05-31T00:00"), utc("2023-05-31T05:00"), 1),
            Piece(1, utc("2023-06-30T00:00"), utc("2023-06-30T05:00")),
        ],
    )


# What holds for all


ZONES = [
    "UTC",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Nuuk",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Paris",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
]
# When the clocks of some of these zones did what clocks seldom do.
ODD_INSTANTS = [
    "1972-01-07T00:44:30",
    "1993-08-21T12:00",
    "1994-12-31T10:40",
    "2006-10-29T02:31",
    "2011-12-30T10:00",
    "2012-02-21T17:00",
    "2018-11-04T03:00",
    "2018-02-18T02:00",
    "2023-04-01T15:00",
    "2023-04-27T22:00",
    "2023-11-05T05:00",
    "2024-03-31T01:00",
    "2024-12-31T23:00",
]

zones = st.sampled_from(ZONES).map(time_zone)
any_instant = st.datetimes(
    datetime.combine(date(1970, 1, 1), time.min),
    datetime.combine(date(2037, 12, 31), time.max),
    timezones=st.just(UTC),
)
odd_instant = st.builds(
    datetime.__add__,
    st.sampled_from(ODD_INSTANTS).map(utc),
    st.integers(-48, 48).map(lambda halves: halves * HOUR / 2) | st.timedeltas(-3 * ONE_DAY, 3 * ONE_DAY),
)
instants = any_instant | odd_instant
lengths = (
    st.timedeltas(MICROSECOND, 2 * ONE_DAY)
    | st.timedeltas(ONE_DAY, 100 * ONE_DAY)
    | st.timedeltas(ONE_DAY, 1200 * ONE_DAY)
    | st.integers(1, 300).map(lambda hours: hours * HOUR)
)
any_span = st.builds(lambda start, length: Span(start, start + length), instants, lengths)
# Spans whose ends are those of local days, as most are.
day_span = st.builds(
    lambda start, count, zone: Span(*(start_of_day(start + n * ONE_DAY, zone) for n in (0, count))),
    instants.map(datetime.date),
    st.integers(2, 400),
    zones,
)
spans = any_span | day_span
property_test: Callable[[Callable[..., None]], Callable[..., None]] = settings(max_examples=200)


def holds(span: Span, instant: datetime) -> bool:
    return span.start <= instant < span.end


def assert_partition(span: Span, parts: Sequence[Span]) -> None:
    assert parts[0].start == span.start
    assert parts[-1].end == span.end
    assert all(one.end == another.start for one, another in pairwise(parts))
    assert all(part.start < part.end for part in parts)


@given(instants, zones)
@property_test
def test_an_instant_lies_within_its_day(instant: datetime, zone: ZoneInfo) -> None:
    local_day = day_of(instant, zone)
    assert holds(Span(start_of_day(local_day, zone), start_of_day(local_day + ONE_DAY, zone)), instant)


@given(instants, zones)
@property_test
def test_no_earlier_instant_shows_the_date_of_a_day(instant: datetime, zone: ZoneInfo) -> None:
    local_day = day_of(instant, zone)
    start = start_of_day(local_day, zone)
    assert start.astimezone(zone).date() == local_day
    for earlier in [MICROSECOND, *(quarter * HOUR / 4 for quarter in range(1, 100))]:
        assert (start - earlier).astimezone(zone).date() < local_day


@given(spans, st.sampled_from(OF_DAYS), zones, st.sampled_from(WeekStart))
@property_test
def test_buckets_cut_a_span_without_gap_or_overlap(
    span: Span, interval: OfDays, zone: ZoneInfo, week_start: WeekStart
) -> None:
    found = buckets(span, interval, zone, week_start)
    assert_partition(span, [bucket.covered for bucket in found])
    assert_partition(Span(found[0].start, found[-1].end), [Span(*bucket[1:3]) for bucket in found])
    assert all(one.key < another.key for one, another in pairwise(found))
    for bucket in found:
        assert bucket.is_partial == (bucket.covered != (bucket.start, bucket.end))
        assert bucket.key == bucket_key(day_of(bucket.covered.start, zone), interval, week_start)
        assert bucket.key == bucket_key(day_of(bucket.end - MICROSECOND, zone), interval, week_start)


@given(spans, zones, st.sampled_from(WeekStart), st.data())
@property_test
def test_days_weeks_and_months_of_a_span_have_equal_sums(
    span: Span, zone: ZoneInfo, week_start: WeekStart, data: st.DataObject
) -> None:
    near = st.builds(datetime.__add__, st.sampled_from(span), st.timedeltas(-3 * ONE_DAY, 3 * ONE_DAY))
    events = data.draw(st.lists(instants | near | st.sampled_from(span), max_size=20))
    counted = [instant for instant in events if holds(span, instant)]
    for interval in OF_DAYS:
        found = buckets(span, interval, zone, week_start)
        counts = Counter(
            bucket.key for bucket in found for instant in events if holds(bucket.covered, instant)
        )
        assert counts == Counter(
            bucket_key(day_of(instant, zone), interval, week_start) for instant in counted
        )
        assert counts.total() == len(counted)


@given(st.lists(spans, max_size=5), zones)
@example([Span(utc("2011-12-29T12:00"), utc("2011-12-30T15:00"))], time_zone("Pacific/Apia"))
@property_test
def test_pieces_cover_every_span_exactly_once(asked: list[Span], zone: ZoneInfo) -> None:
    found = pieces(asked, zone)
    for position, span in enumerate(asked):
        months = [piece for piece in found.months if piece.position == position]
        days = [piece for piece in found.days if piece.position == position]
        edges = [piece for piece in found.edges if piece.position == position]
        assert len(months) <= 1
        assert len(days) <= 2
        assert len(edges) <= 2
        read = [Span(start_of_day(run.start, zone), start_of_day(run.end, zone)) for run in months + days]
        read += [Span(edge.start, edge.end) for edge in edges]
        assert_partition(span, sorted(part for part in read if part.start < part.end))


@given(spans, zones)
@property_test
def test_no_whole_day_is_read_from_events_and_no_whole_month_from_days(span: Span, zone: ZoneInfo) -> None:
    months, days, edges = pieces([span], zone)
    for edge in edges:
        assert not any(
            Span(bucket.start, bucket.end) == bucket.covered
            for bucket in buckets(Span(edge.start, edge.end), DAY, zone)
        )
    for run in days:
        assert next_month(run.start - ONE_DAY) >= month_start(run.end)
    for run in months:
        assert run.start == month_start(run.start)
        assert run.end == month_start(run.end)


def apart(limits: list[datetime], is_asked: list[bool]) -> list[Span]:
    """Spans in order that do not overlap; some touch each other."""
    spans = [Span(start, end) for start, end in pairwise(sorted(set(limits)))]
    return [span for span, is_one in zip(spans, is_asked, strict=False) if is_one]


near = st.builds(
    lambda first, steps: [first + sum(steps[:number], timedelta(0)) for number in range(len(steps) + 1)],
    instants,
    st.lists(
        st.timedeltas(MICROSECOND, 2 * HOUR)
        | st.timedeltas(MICROSECOND, 3 * ONE_DAY)
        | st.sampled_from([HOUR, ONE_DAY, 7 * ONE_DAY, 31 * ONE_DAY])
        | st.timedeltas(ONE_DAY, 70 * ONE_DAY),
        max_size=9,
    ),
)


@given(near, st.lists(st.booleans(), min_size=9, max_size=9) | st.just([True] * 9), zones)
@example([utc("2023-06-04T23:00"), utc("2023-06-04T23:30"), utc("2023-06-09T23:00")], [True, True], UTC_ZONE)
@example([utc("2023-06-05T00:10"), utc("2023-06-05T00:40"), utc("2023-06-09T23:00")], [True, True], UTC_ZONE)
@property_test
def test_what_is_added_and_not_taken_is_each_span_once(
    limits: list[datetime], is_asked: list[bool], zone: ZoneInfo
) -> None:
    asked = apart(limits, is_asked)
    found = signed_pieces(asked, zone)

    runs = [*found.months, *found.days]
    signs = [(one.position, one.taken_from) for one in runs]
    signs += [(one.position, one.taken_from) for one in found.edges]
    read = [Span(start_of_day(run.start, zone), start_of_day(run.end, zone)) for run in runs]
    read += [Span(edge.start, edge.end) for edge in found.edges]
    sums: defaultdict[int, Counter[datetime]] = defaultdict(Counter)
    for (start, end), positions in zip(read, signs, strict=True):
        for position, sign in zip(positions, (1, -1), strict=True):
            if position is not None:
                sums[position].update({start: sign})
                sums[position].update({end: -sign})
    # How much the sum grows at each instant, where it does.
    grows = [{at: growth for at, growth in sums[number].items() if growth} for number in range(len(asked))]
    assert grows == [{span.start: 1, span.end: -1} for span in asked]
    for some in (found.months, found.days):
        assert all(one.end <= other.start for one, other in pairwise(some))
    assert all(one.end <= other.start for one, other in pairwise(found.edges))


@given(spans, zones)
@property_test
def test_no_more_is_read_from_events_than_without_taking_away(span: Span, zone: ZoneInfo) -> None:
    def length(found: Pieces) -> timedelta:
        return sum((edge.end - edge.start for edge in found.edges), timedelta(0))

    assert length(signed_pieces([span], zone)) <= min(length(pieces([span], zone)), ONE_DAY + 4 * HOUR)


@given(spans)
@property_test
def test_pieces_of_a_series_are_the_pieces_of_its_spans(span: Span) -> None:
    series = [bucket.covered for bucket in buckets(span, WEEK, UTC_ZONE)]
    alone = [pieces([part], UTC_ZONE) for part in series]
    assert pieces(series, UTC_ZONE) == (
        [piece._replace(position=n) for n, own in enumerate(alone) for piece in own.months],
        [piece._replace(position=n) for n, own in enumerate(alone) for piece in own.days],
        [piece._replace(position=n) for n, own in enumerate(alone) for piece in own.edges],
    )
