"""Hours by the clocks: exact where these change, and against a walk from minute to minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings

from base.calendar import Bucket, DateInterval, Span, bucket_count, buckets, parse_bound, resolve, time_zone
from tests.base.test_calendar import HOUR, MICROSECOND, instants, utc, zones

MINUTE = timedelta(minutes=1)


def of_day(day: str, zone: str) -> list[Bucket]:
    there = time_zone(zone)
    return buckets(resolve(parse_bound(day), parse_bound(day), there), DateInterval.HOUR, there)


def minutes(bucket: Bucket) -> int:
    return (bucket.end - bucket.start) // MINUTE


DAYS = """
UTC                  2023-06-04  24  2023060400  2023-06-04T00:00  2023060423  2023-06-05T00:00
Europe/Berlin        2025-03-30  23  2025033000  2025-03-29T23:00  2025033023  2025-03-30T22:00
Europe/Berlin        2025-10-26  25  2025102600  2025-10-25T22:00  2025102623  2025-10-26T23:00
Asia/Kolkata         2023-06-04  24  2023060400  2023-06-03T18:30  2023060423  2023-06-04T18:30
Asia/Kathmandu       2023-06-04  24  2023060400  2023-06-03T18:15  2023060423  2023-06-04T18:15
Australia/Lord_Howe  2023-04-02  25  2023040200  2023-04-01T13:00  2023040223  2023-04-02T13:30
Australia/Lord_Howe  2023-10-01  24  2023100100  2023-09-30T13:30  2023100123  2023-10-01T13:00
America/Havana       2023-03-12  23  2023031201  2023-03-12T05:00  2023031223  2023-03-13T04:00
Pacific/Apia         2011-12-29  24  2011122900  2011-12-29T10:00  2011122923  2011-12-30T10:00
Antarctica/Troll     2023-10-29  26  2023102900  2023-10-28T22:00  2023102923  2023-10-30T00:00
"""


@pytest.mark.parametrize("line", DAYS.split("\n")[1:-1])
def test_a_day_has_as_many_hours_as_its_clocks_show(line: str) -> None:
    zone, day, count, first, start, last, end = line.split()
    found = of_day(day, zone)
    assert len(found) == int(count)
    assert (found[0].key, found[0].start) == (first, utc(start))
    assert (found[-1].key, found[-1].end) == (last, utc(end))
    assert not any(bucket.is_partial for bucket in found)


def test_an_hour_that_clocks_show_twice_is_two_of_which_the_second_has_its_offset() -> None:
    found = of_day("2023-10-29", "Europe/Paris")[1:5]
    assert [(bucket.key, bucket.start) for bucket in found] == [
        ("2023102901", utc("2023-10-28T23:00")),
        ("2023102902", utc("2023-10-29T00:00")),
        ("2023102902+0100", utc("2023-10-29T01:00")),
        ("2023102903", utc("2023-10-29T02:00")),
    ]


def test_an_hour_that_clocks_skip_is_none() -> None:
    found = of_day("2023-03-26", "Europe/Paris")[1:3]
    assert [(bucket.key, bucket.start) for bucket in found] == [
        ("2023032601", utc("2023-03-26T00:00")),
        ("2023032603", utc("2023-03-26T01:00")),
    ]


def test_clocks_that_change_by_half_an_hour_cut_an_hour_short() -> None:
    back = of_day("2023-04-02", "Australia/Lord_Howe")[1:4]
    assert [(bucket.key, minutes(bucket)) for bucket in back] == [
        ("2023040201", 60),
        ("2023040201+1030", 30),
        ("2023040202", 60),
    ]
    forward = of_day("2023-10-01", "Australia/Lord_Howe")[1:4]
    assert [(bucket.key, minutes(bucket)) for bucket in forward] == [
        ("2023100101", 60),
        ("2023100102", 30),
        ("2023100103", 60),
    ]
    # From 02:30 to 03:00.
    venezuela = of_day("2016-05-01", "America/Caracas")[1:4]
    assert [(bucket.key, minutes(bucket)) for bucket in venezuela] == [
        ("2016050101", 60),
        ("2016050102", 30),
        ("2016050103", 60),
    ]


def test_a_minute_past_midnight_clocks_were_set_back_to_the_day_before() -> None:
    found = of_day("2010-11-07", "America/St_Johns")
    assert [(bucket.key, minutes(bucket)) for bucket in found[:4]] == [
        ("2010110700", 1),
        ("2010110623-0330", 59),
        ("2010110700-0330", 60),
        ("2010110701", 60),
    ]
    assert sum(minutes(bucket) for bucket in found) == 25 * 60


def test_of_an_hour_that_the_range_cuts_only_a_part_is_covered() -> None:
    span = Span(utc("2023-06-04T10:20"), utc("2023-06-04T11:00:00.000001"))
    first, cut, last = (utc(f"2023-06-04T{at}") for at in ("09:30", "10:30", "11:30"))
    assert buckets(span, DateInterval.HOUR, time_zone("Asia/Kolkata")) == [
        ("2023060415", first, cut, True, (span.start, cut)),
        ("2023060416", cut, last, True, (cut, span.end)),
    ]


def oracle(span: Span, zone: ZoneInfo) -> list[tuple[str, datetime, datetime]]:
    """Each minute on its own: a bucket begins where the clocks show another hour, or go back."""

    def shown(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)

    def begins(at: datetime) -> bool:
        return shown(at) <= shown(at - MINUTE) or shown(at).hour != shown(at - MINUTE).hour

    at = span.start.replace(second=0, microsecond=0)
    while not begins(at):
        at -= MINUTE
    starts = [at]
    while at < span.end:
        at += MINUTE
        if begins(at):
            starts.append(at)
    while not begins(at):
        at += MINUTE
    keys = []
    for start in starts:
        hour = shown(start).replace(minute=0)
        again = any(shown(start - ago * MINUTE).replace(minute=0) == hour for ago in range(1, 181))
        keys.append(f"{hour:%Y%m%d%H}{start.astimezone(zone):%z}" if again else f"{hour:%Y%m%d%H}")
    ends = [*starts[1:], at]
    return [hour for hour in zip(keys, starts, ends, strict=True) if hour[1] < span.end and hour[1] < hour[2]]


def is_by_minutes(span: Span, zone: ZoneInfo) -> bool:
    """The oracle walks by minutes, and Liberia's clocks once went with 44:30."""
    return zone.key != "Africa/Monrovia" or span.start.year > 1972


@given(instants, zones)
@example(utc("2018-11-04T03:00"), time_zone("America/St_Johns"))
@example(utc("2015-08-14T15:00"), time_zone("Asia/Pyongyang"))
@settings(max_examples=150, deadline=None)
def test_hours_are_what_a_walk_from_minute_to_minute_finds(instant: datetime, zone: ZoneInfo) -> None:
    span = Span(instant - 7 * HOUR, instant + 8 * HOUR - MICROSECOND)
    found = buckets(span, DateInterval.HOUR, zone)
    if is_by_minutes(span, zone):
        assert [(bucket.key, bucket.start, bucket.end) for bucket in found] == oracle(span, zone)
    assert len({bucket.key for bucket in found}) == len(found)
    assert (found[0].covered.start, found[-1].covered.end) == span
    assert all(one.end == another.start for one, another in pairwise(found))
    assert all(one.covered.end == another.covered.start for one, another in pairwise(found))
    for bucket in found:
        assert bucket.is_partial == (bucket.covered != (bucket.start, bucket.end))


@given(instants, zones)
@settings(max_examples=100)
def test_hours_are_counted_without_being_made(instant: datetime, zone: ZoneInfo) -> None:
    span = Span(instant, instant + timedelta(days=40))
    extra = len(buckets(span, DateInterval.HOUR, zone)) - bucket_count(span, DateInterval.HOUR, zone)
    # Where clocks change by a part of an hour, or at a minute past a full one.
    assert 0 <= extra <= 2


def test_a_year_has_8760_hours() -> None:
    year = Span(datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))
    for name in ("UTC", "Europe/Paris", "Asia/Kathmandu"):
        found = buckets(year, DateInterval.HOUR, time_zone(name))
        partial = sum(bucket.is_partial for bucket in found)
        assert (len(found), partial) == ((8761, 2) if name == "Asia/Kathmandu" else (8760, 0))
        assert bucket_count(year, DateInterval.HOUR, time_zone(name)) == len(found)
