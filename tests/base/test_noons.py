"""Days whose noon lies in a span."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from base.calendar import Piece, Span, noons, pieces, time_zone
from base.time_units import DAY
from tests.draws import scaled

BERLIN = time_zone("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_edge_has_the_noons_from_its_start_up_to_its_end() -> None:
    edges = [
        Piece(0, utc("2023-03-25T10:59"), utc("2023-03-25T11:00")),
        Piece(1, utc("2023-03-25T11:00"), utc("2023-03-25T11:01")),
        # Summer time begins.
        Piece(3, utc("2023-03-25T11:01"), utc("2023-03-26T10:00")),
        Piece(4, utc("2023-03-26T10:00"), utc("2023-03-27T10:00:01")),
        Piece(7, utc("2023-09-05T00:00"), utc("2023-09-05T22:00")),
    ]

    assert noons(edges, BERLIN) == [
        Piece(1, date(2023, 3, 25), date(2023, 3, 26)),
        Piece(4, date(2023, 3, 26), date(2023, 3, 28)),
        Piece(7, date(2023, 9, 5), date(2023, 9, 6)),
    ]
    assert noons([], BERLIN) == []


@settings(max_examples=scaled(25))
@given(
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]).map(time_zone),
    first=st.datetimes(datetime(2023, 1, 1), datetime(2023, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    lengths=st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=40)), min_size=1, max_size=12),
)
def test_each_day_is_read_once_by_the_span_that_its_noon_lies_in(
    zone: ZoneInfo, first: datetime, lengths: list[timedelta]
) -> None:
    ends = [first, *(first + sum(lengths[:n], timedelta(0)) for n in range(1, len(lengths) + 1))]
    spans = [Span(start, end) for start, end in pairwise(ends)]
    months, days, edges = pieces(spans, zone)

    read = {
        piece.start + number * DAY: piece.position
        for piece in (*months, *days, *noons(edges, zone))
        for number in range((piece.end - piece.start).days)
    }

    of_the_year = [date(2022, 12, 30) + number * DAY for number in range(3 * 366)]
    at_noon = {day: datetime.combine(day, time(12), zone) for day in of_the_year}
    assert read == {
        day: position
        for day, noon in at_noon.items()
        for position, span in enumerate(spans)
        if span.start <= noon < span.end
    }
