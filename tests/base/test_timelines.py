from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from base.calendar import (
    Cut,
    DateInterval,
    Span,
    Timeline,
    WeekStart,
    buckets,
    known_timeline,
    remember,
    signed_pieces,
    time_zone,
)

# They skip a day, change clocks at midnight, are off by a part of an hour, or do nothing of it.
ZONES = ["UTC", "Pacific/Apia", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata", "Europe/Paris"]
FIRST = datetime(2011, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)

zones = st.sampled_from(ZONES).map(time_zone)
spans = st.builds(
    lambda start, minutes: Span(FIRST + timedelta(minutes=start), FIRST + timedelta(minutes=start + minutes)),
    st.integers(0, 60 * 24 * 800),
    st.integers(1, 60 * 24 * 40),
)


def a_timeline(cut: Cut) -> Timeline:
    return Timeline(cut, cut.buckets())


@given(spans, st.sampled_from(DateInterval), zones, st.sampled_from(WeekStart), zones)
def test_a_timeline_has_the_buckets_and_the_pieces_of_its_span(
    span: Span, interval: DateInterval, zone: object, week_start: WeekStart, reporting_zone: object
) -> None:
    timeline = a_timeline(Cut(span, interval, zone, week_start))  # type: ignore[arg-type]

    found = buckets(span, interval, zone, week_start)  # type: ignore[arg-type]
    assert list(timeline) == found
    assert (len(timeline), timeline[0], timeline[1:]) == (len(found), found[0], tuple(found[1:]))
    cut = signed_pieces([bucket.covered for bucket in found], reporting_zone)  # type: ignore[arg-type]
    assert timeline.pieces(reporting_zone) == cut  # type: ignore[arg-type]
    assert timeline.pieces(reporting_zone) is timeline.pieces(reporting_zone)  # type: ignore[arg-type]


def test_timelines_of_one_cut_are_equal_and_of_others_are_not() -> None:
    utc = time_zone("UTC")
    span = Span(FIRST, FIRST + timedelta(days=9))
    cut = Cut(span, DateInterval.WEEK, utc)
    others = [
        cut._replace(span=Span(FIRST, FIRST + timedelta(days=8))),
        cut._replace(interval=DateInterval.DAY),
        cut._replace(zone=time_zone("Europe/Paris")),
        cut._replace(week_start=WeekStart.SUNDAY),
    ]

    assert a_timeline(cut) == a_timeline(cut)
    assert hash(a_timeline(cut)) == hash(a_timeline(cut))
    assert all(a_timeline(other) != a_timeline(cut) for other in others)


def test_what_is_remembered_is_bounded() -> None:
    utc = time_zone("UTC")
    cuts = [Cut(Span(FIRST, FIRST + (4_000 + number) * HOUR), DateInterval.HOUR, utc) for number in range(3)]
    longest = Cut(Span(FIRST, FIRST + 10_001 * HOUR), DateInterval.HOUR, utc)
    made = [a_timeline(cut) for cut in cuts]
    for timeline in [*made, a_timeline(longest)]:
        remember(timeline)

    assert [known_timeline(cut) for cut in cuts] == [None, *made[1:]]
    assert known_timeline(cuts[2]) is made[2]
    assert known_timeline(longest) is None


def test_what_is_made_of_a_timeline_is_made_once_until_much_else_is() -> None:
    timeline = a_timeline(Cut(Span(FIRST, FIRST + HOUR), DateInterval.HOUR, time_zone("UTC")))
    made: list[int] = []

    def noted(name: int) -> int:
        return timeline.noted(name, lambda: made.append(name) or -name)  # type: ignore[func-returns-value]

    assert [noted(1), noted(1), noted(2)] == [-1, -1, -2]
    assert made == [1, 2]
    for name in range(3, 19):
        noted(name)
    noted(1)
    assert made == [1, 2, *range(3, 19), 1]
