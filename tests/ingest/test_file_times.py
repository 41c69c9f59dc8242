"""Times as other programs write them, with the instants that they mean."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.calendar import time_zone
from base.instants import InvalidInstant
from ingest.file_times import Dates, Epoch, FileTimes

PARIS = time_zone("Europe/Paris")


def read(text: Any, *, epoch: str | None = None, dates: str | None = None, zone: Any = None) -> str:
    times = FileTimes(zone, Epoch(epoch) if epoch else None, Dates(dates) if dates else None)
    return times.read(datetime, text).isoformat().replace("+00:00", "Z")


def refusal(text: Any, **options: Any) -> str:
    with pytest.raises(InvalidInstant) as error:
        read(text, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        # PostgreSQL's timestamptz, with the time zones UTC and Asia/Kolkata.
        ("2025-06-01 10:00:00+00", "2025-06-01T10:00:00Z"),
        ("2025-06-01 15:30:00.25+05:30", "2025-06-01T15:30:00.250000+05:30"),
        # DuckDB 2.0.1's TIMESTAMPTZ.
        ("2025-06-01 10:00:00.123456+00", "2025-06-01T10:00:00.123456Z"),
        # By Spark's documented default, `yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]`.
        ("2025-06-01T10:00:00.000Z", "2025-06-01T10:00:00Z"),
        ("2025-06-01T12:00:00.000+02:00", "2025-06-01T12:00:00+02:00"),
        # pandas 3.1.1, `to_csv`.
        ("2025-06-01 10:00:00+00:00", "2025-06-01T10:00:00Z"),
        # BigQuery; SQL Server's datetimeoffset.
        ("2025-06-01 10:00:00.5 UTC", "2025-06-01T10:00:00.500000Z"),
        ("2025-06-01 10:00:00.1234567 +02:00", "2025-06-01T10:00:00.123456+02:00"),
        # Without seconds, as ISO 8601 allows it.
        ("2025-06-01T10:00Z", "2025-06-01T10:00:00Z"),
        ("2025-06-01 10:00+02", "2025-06-01T10:00:00+02:00"),
    ],
)
def test_an_instant_with_its_offset_needs_no_option(text: str, instant: str) -> None:
    assert read(text) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        # DuckDB's TIMESTAMP, PostgreSQL's timestamp; pandas, when all times are at midnight.
        ("2025-06-01 10:00:00", "2025-06-01T08:00:00Z"),
        ("2025-06-01", "2025-05-31T22:00:00Z"),
        ("2025-06-01 10:00", "2025-06-01T08:00:00Z"),
        # Excel in Japan and in China, whose year is first.
        ("2025/06/01 10:00", "2025-06-01T08:00:00Z"),
        ("2025/6/1 9:05:07", "2025-06-01T07:05:07Z"),
    ],
)
def test_a_time_without_an_offset_needs_a_zone(text: str, instant: str) -> None:
    assert read(text, zone=PARIS) == instant
    assert refusal(text).endswith("has no offset, and no --time-zone says whose time it is")


@pytest.mark.parametrize(
    ("text", "dates", "instant"),
    [
        # Excel in the United States, in Great Britain, and in Germany.
        ("6/1/2025 10:00", "month-first", "2025-06-01T08:00:00Z"),
        ("6/1/2025 10:00:30 PM", "month-first", "2025-06-01T20:00:30Z"),
        ("6/1/2025 12:00:30 AM", "month-first", "2025-05-31T22:00:30Z"),
        ("6/1/2025 12:00 pm", "month-first", "2025-06-01T10:00:00Z"),
        ("01/06/2025 10:00", "day-first", "2025-06-01T08:00:00Z"),
        ("01.06.2025 10:00", "day-first", "2025-06-01T08:00:00Z"),
        ("1-6-2025 10:00", "day-first", "2025-06-01T08:00:00Z"),
        ("01.06.2025", "day-first", "2025-05-31T22:00:00Z"),
    ],
)
def test_a_date_whose_year_is_last_needs_an_order(text: str, dates: str, instant: str) -> None:
    assert read(text, zone=PARIS, dates=dates) == instant
    assert refusal(text, zone=PARIS) == (
        f"{text!r} has a day and a month, and no --dates says which of them is first"
    )


@pytest.mark.parametrize(
    ("number", "epoch", "instant"),
    [
        (1748772000, "s", "2025-06-01T10:00:00Z"),
        ("1748772000", "s", "2025-06-01T10:00:00Z"),
        (1748772000.25, "s", "2025-06-01T10:00:00.250000Z"),
        # A float that the nearest microsecond is not: it is cut, as everywhere.
        ("1748772000.1234569", "s", "2025-06-01T10:00:00.123456Z"),
        (Decimal("1748772000.123456"), "s", "2025-06-01T10:00:00.123456Z"),
        # pandas 3.1.1, `to_json`.
        (1748772000123, "ms", "2025-06-01T10:00:00.123000Z"),
        ("1748772000123.7", "ms", "2025-06-01T10:00:00.123700Z"),
        (1748772000123456, "us", "2025-06-01T10:00:00.123456Z"),
        (1748772000123456999, "ns", "2025-06-01T10:00:00.123456Z"),
        (1.748772e18, "ns", "2025-06-01T10:00:00Z"),
        (-1, "s", "1969-12-31T23:59:59Z"),
        # Excel: in cells without a format, with the comma of many countries, and where no float is exact.
        ("45809.4166666667", "excel", "2025-06-01T08:00:00Z"),
        ("45809,4166666667", "excel", "2025-06-01T08:00:00Z"),
        (45809.41666666666, "excel", "2025-06-01T08:00:00Z"),
        ("45809", "excel", "2025-05-31T22:00:00Z"),
    ],
)
def test_a_number_needs_an_epoch(number: Any, epoch: str, instant: str) -> None:
    assert read(number, epoch=epoch, zone=PARIS) == instant
    assert refusal(number, zone=PARIS).endswith(" is a number, and no --epoch says what it counts")


def test_days_of_excel_need_a_zone() -> None:
    assert refusal("45809.5", epoch="excel") == (
        "'2025-06-01T12:00:00' has no offset, and no --time-zone says whose time it is"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("infinity", "'infinity' is no instant, such as 2023-06-04T23:59:59Z"),
        ("1.74877E+12", "'1.74877E+12' is rounded: a time needs all of its digits"),
        (True, "'True' is no instant, such as 2023-06-04T23:59:59Z"),
        (10**19, "'10000000000000000000' is not in the calendar"),
        (1e300, f"'{str(int(1e300))[:40]}' is no time that this calendar has"),
        (float("inf"), "'inf' is no time that this calendar has"),
        ("3/4/25", "'3/4/25' has no year of four digits"),
        ("31/31/2025", "'2025-31-31T00:00:00' is not in the calendar: month must be in 1..12"),
        ("6/1/2025 13:00 PM", "'6/1/2025 13:00 PM' is not on a clock of twelve hours"),
        ("", "'' is no instant, such as 2023-06-04T23:59:59Z"),
    ],
)
def test_what_is_no_time_is_refused_in_words(text: Any, words: str) -> None:
    assert refusal(text, epoch="s", dates="day-first", zone=PARIS) == words


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)))  # noqa: DTZ001
def test_every_unit_means_the_same_instant(at: datetime) -> None:
    micro = (at - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)
    for number, epoch in (
        (f"{micro // 10**6}.{micro % 10**6:06}", "s"),
        (f"{micro // 10**3}.{micro % 10**3:03}", "ms"),
        (micro, "us"),
        (micro * 1_000 + 999, "ns"),
    ):
        assert read(number, epoch=epoch) == at.isoformat().replace("+00:00", "Z")
