from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import compress
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from base.arrays import arrays
from base.ids import uuid7, uuid7_instant
from base.instants import InvalidInstant, instant_of
from base.packed import packed_instant
from ingest.admission import Dropped, Sender, admitted
from ingest.column_admission import Odd, admitted_columns
from ingest.deltas import (
    Days,
    active_rows,
    by_month,
    by_subject,
    count_by_day,
    count_by_month,
    count_by_subject,
    last_active,
    packed_keys,
    total_deltas,
)
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.id_columns import order_of, packed_ids, times_of, usual_texts
from ingest.instant_columns import packed_instants
from ingest.total_columns import total_columns
from ingest.visitor_sketches import seen_by_day, seen_on
from ingest.visitors import visitor_named, visitors_named
from ingest.wire import WireAction, WireDevice, WireEvent, WireSubject
from ingest.wire_columns import WireColumns
from loaders.subjects import Subject
from models import Action, Device, SubjectKind

NOW = datetime(2023, 6, 15, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NAMES = [WireSubject(asset_id=f"ast_{number}") for number in range(4)]
SUBJECTS = {
    NAMES[0]: Subject(SubjectKind.ASSET, 7, 3, 5),
    NAMES[1]: Subject(SubjectKind.ASSET, 8, 4, 5, domains=frozenset({"a.example"})),
    NAMES[2]: Subject(SubjectKind.ASSET, 9, 3, 5, oldest=NOW - 3 * DAY),
}
AGES = [timedelta(0), MINUTE, DAY, 2 * DAY, 5 * DAY, -2 * MINUTE, -6 * MINUTE]
ages = st.sampled_from(AGES)
instants = ages.map(lambda age: NOW - age)
ids = st.one_of(
    instants.map(lambda at: str(uuid7(at))),
    instants.map(lambda at: str(uuid7(at)).upper()),
    # The version of another variant is none.
    instants.map(lambda at: str(uuid7(at))[:19] + "0" + str(uuid7(at))[20:]),
    st.just(str(UUID(int=7))),
    st.sampled_from(["", "x" * 36, " " + str(UUID(int=7))[1:]]),
)
usual = st.builds(
    lambda at: WireEvent(NAMES[0], WireAction.VIEW_3D, str(uuid7(at)), at),
    instants,
)
events = st.builds(
    WireEvent,
    st.sampled_from(NAMES),
    st.sampled_from([WireAction.VIEW_3D, WireAction.INTERACTION, WireAction.VIEW]),
    st.none() | ids,
    st.none() | instants,
    st.none() | ids,
    st.none() | st.sampled_from(WireDevice),
    st.sampled_from([None, "", "a.example", "HTTPS://A.example:80/x", "b.example", "a b"]),
    st.none(),
    st.none(),
    st.none() | instants,
)


OF_ANOTHER_VARIANT = WireEvent(NAMES[0], WireAction.VIEW_3D, "0188be3f-7e00-7000-0000-000000000000", NOW)


@given(st.lists(usual | events, max_size=4), st.booleans())
@example([OF_ANOTHER_VARIANT], False)
def test_columns_admit_what_single_events_are_admitted_as(sent: list[WireEvent], is_believed: bool) -> None:
    sender = Sender(NOW, Device.MOBILE, 9, b"hash", oldest=NOW - 4 * DAY, is_believed=is_believed)
    try:
        columns = admitted_columns(WireColumns.of(sent), SUBJECTS, sender)
    except Odd:
        return
    one_by_one = EventColumns.of([admitted(event, SUBJECTS.get(event.subject), sender) for event in sent])

    made_here = [event.id is None for event in sent]
    assert [list(column) for column in columns._replace(ids=())] == [
        list(column) for column in one_by_one._replace(ids=())
    ]
    assert [id for id, is_made in zip(columns.ids, made_here, strict=True) if not is_made] == [
        id for id, is_made in zip(one_by_one.ids, made_here, strict=True) if not is_made
    ]


@given(st.lists(usual, min_size=1, max_size=4), events)
def test_an_event_that_would_be_dropped_makes_its_batch_odd(sent: list[WireEvent], last: WireEvent) -> None:
    sender = Sender(NOW, oldest=NOW - 4 * DAY, is_believed=False)
    try:
        admitted(last, SUBJECTS.get(last.subject), sender)
    except Dropped:
        with pytest.raises(Odd):
            admitted_columns(WireColumns.of([*sent, last]), SUBJECTS, sender)


def drawn(random: Random, count: int) -> list[NewEvent]:
    return [
        NewEvent(
            random.choice([1, 2]),
            uuid4(),
            random.randrange(3),
            random.choice([Action.VIEW, Action.LIKE, Action.UNLIKE, Action.INTERACTION]),
            NOW + timedelta(minutes=random.randrange(-3_000, 3_000)),
            random.choice(list(Device)),
            random.choice([None, "a.example", "b.example"]),
            random.choice([None, UUID(int=0), UUID(int=1)]),
            random.choice([None, None, 0, 5]),
            random.choice([None, b"somebody", b"another"]),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [300, 900])
def test_columns_count_what_single_events_count(seed: int, count: int) -> None:
    """Of many events by arrays, and of few without them."""
    arrays.load()
    random = Random(seed)  # noqa: S311
    some = drawn(random, count)
    columns = EventColumns.of(some)
    ids = {None: 0, "a.example": 1, "b.example": 2}
    days = Days({1: ZoneInfo("Asia/Kathmandu"), 2: ZoneInfo("America/St_Johns")})
    column = days.column(columns.tenant_ids, columns.instants)

    by_day = total_deltas(some, days, ids)
    counted = count_by_day(columns, column, [ids[name] for name in columns.domains])
    assert counted == packed_keys(by_day)
    assert count_by_month(counted) == packed_keys(by_month(by_day))
    assert count_by_subject(counted) == by_subject(by_day)
    assert active_rows(columns) == sorted((*key, packed_instant(at)) for key, at in last_active(some).items())
    assert seen_on(columns, column) == {
        (*key[:3], key.day.toordinal()): seen for key, seen in seen_by_day(some, days).items()
    }


@pytest.mark.parametrize("seed", range(5))
def test_arrays_add_up_what_is_counted_by_day(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    columns = EventColumns.of(drawn(random, 900))
    ids = [1 if name else 0 for name in columns.domains]
    days = Days({1: ZoneInfo("Asia/Kathmandu"), 2: ZoneInfo("America/St_Johns")})
    column = days.column(columns.tenant_ids, columns.instants)
    engaged = {
        (random.choice([1, 2, 2**40]), random.randrange(3), int(Action.ENGAGED_VIEW), day, 0, 1): delta
        for day, delta in zip(column[:20], [1, -1, 2, -2] * 5, strict=True)
    }

    found = total_columns(columns, column, ids, engaged)

    by_day = count_by_day(columns, column, ids)
    by_day.update(engaged)
    by_month = count_by_month(by_day)
    assert found is not None
    assert rows_of(found.days) == rows_of_counts(by_day)
    assert rows_of(found.months) == rows_of_counts(by_month)
    assert rows_of(found.subjects) == rows_of_counts(count_by_subject(by_month))
    # Two numbers of 40 bits are too large to be one.
    assert total_columns(columns, column, [2**40, *ids[1:]], engaged) is None


def rows_of(columns: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    return list(zip(*columns, strict=True))


def rows_of_counts(counts: Mapping[Any, int]) -> list[tuple[int, ...]]:
    return [(*key, count) for key, count in sorted(counts.items())]


@given(st.lists(st.none() | st.text(max_size=4) | st.text("09aZ -\t", max_size=4), max_size=4))
@example(["visitor 1", "A9", "9", "1-2 z"])
@example(["visitor 0"])
def test_visitors_are_hashed_together_as_they_are_one_by_one(names: list[str | None]) -> None:
    arrays.load()
    many = names * 400
    tenants = [1 + place % 2 for place in range(len(many))]

    hashes = visitors_named(b"key", tenants, many)

    assert hashes == [
        None if name is None else visitor_named(b"key", tenant, name)
        for tenant, name in zip(tenants, many, strict=True)
    ]


@given(st.lists(ids, max_size=4))
def test_the_times_of_many_ids_are_those_of_each(given_texts: list[str]) -> None:
    arrays.load()
    packed = packed_ids(given_texts) or []

    assert (
        times_of(packed * 400)
        == [packed_instant(at) if (at := uuid7_instant(UUID(bytes=id))) else None for id in packed] * 400
    )


def test_columns_are_cut_and_joined_alike() -> None:
    columns = EventColumns.of(drawn(Random(1), 7))  # noqa: S311
    wanted = [True, False] * 3 + [True]

    joined = EventColumns.joined([columns.between(0, 3), columns.between(3, 7)])
    assert list(map(list, joined)) == list(map(list, columns))
    taken = columns.at(list(compress(range(7), wanted)))
    assert list(map(list, columns.where(wanted))) == list(map(list, taken))
    assert EventColumns.of([]) == EventColumns.none()
    assert EventColumns.none().size == 0


texts = st.sampled_from(
    [
        "2023-06-04T23:59:59Z",
        "2023-06-04T23:59:5xZ",
        "2023-06-04t23:59:59z",
        "2023-06-04T23:59:59.123456789+05:30",
        "2023-06-04T23:59:59.987654321-00:45",
        "2023-02-30T23:59:59.987654321-00:45",
        "0001-01-01T00:00:00.000000000+14:00",
        "2023-06-04",
        "20230604T235959+0000",
        "\u0662023-06-04T23:59:59Z",
    ]
)


alike = st.from_regex(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{3}\+[0-2][0-9]:[0-6][0-9]",
    fullmatch=True,
)


@given(
    st.lists(texts, max_size=3) | texts.map(lambda text: [text] * 3) | st.lists(alike, max_size=3),
    st.sampled_from([1, 400]),
)
@example(
    ["2024-02-29T23:59:59Z", "2100-02-28T00:00:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z"], 100
)
@example(["2023-06-04T23:59:59.1+00:00", "9999-12-31T23:59:59.9-23:59"], 200)
@example(["2100-02-28T00:00:00Z", "2100-02-29T00:00:00Z"], 200)
@example(["2023-06-04T23:59:59.000+00:00", "2023-06-04T23:59:59.000+00:60"], 1)
@example(["2023-06-04T23:59:59.987654321-00:45", "2023-06-04T23:59:59.987654321+00:45"], 200)
@example(["2023-06-04T23:59:59.10+00:00", "2023-06-04T23:59:59.1 +00:00"], 200)
@example(["2023-06-04T23:59:59.10+00:00", "2023-06-04T23:59:59.1\0+00:00"], 200)
@example(["2023-06-04T23:59:59Z", "0000-12-31T23:59:59Z"], 200)
@example(["2023-06-04T23:59:59Z", "NaT       T  :  :  Z"], 200)
def test_instants_are_read_as_single_ones_are(given_texts: Sequence[str], times: int) -> None:
    arrays.load()
    given_texts = list(given_texts) * times
    try:
        one_by_one = [packed_instant(instant_of(text)) for text in given_texts]
    except InvalidInstant:
        with pytest.raises(InvalidInstant):
            packed_instants(given_texts)
    else:
        assert packed_instants(given_texts) == one_by_one


@pytest.mark.parametrize("count", [3, 400])
def test_ids_are_ordered_as_bytes_are(count: int) -> None:
    arrays.load()
    random = Random(count)  # noqa: S311
    packed = [bytes(random.choices([0, 1, 127, 128, 255], k=16)) for _ in range(count)]

    assert [packed[place] for place in order_of(packed)] == sorted(packed)


@given(st.lists(ids, max_size=3))
@example([f"{UUID(int=1)}\n{UUID(int=2)}", ""])
@example([f"{UUID(int=1)}\n", str(UUID(int=2))[1:]])
@example([f"{UUID(int=1)}\n{UUID(int=2)}"[:40], f"{UUID(int=2)}"[4:]])
def test_ids_in_the_usual_spelling_are_packed_together(given_texts: list[str]) -> None:
    packed = packed_ids(given_texts)
    if packed is not None:
        assert packed == [UUID(text).bytes for text in given_texts]
        assert [text.lower() for text in given_texts] == [str(UUID(bytes=id)) for id in packed]


spelled = st.uuids().flatmap(
    lambda id: st.sampled_from(
        [
            str(id),
            str(id).upper(),
            id.hex,
            f"{id}-",
            f"-{id}",
            f"{{{id}}}",
            id.urn,
            f"{id.hex[:30]}-----{id.hex[30:]}",
        ]
    )
)


@given(st.lists(st.uuids().map(str) | spelled, min_size=1, max_size=4))
def test_texts_of_ids_are_taken_as_they_are_only_if_they_are_usual(given_texts: list[str]) -> None:
    ids = [UUID(text) for text in given_texts]
    found = usual_texts(given_texts)

    are_usual = list(map(str.lower, given_texts)) == list(map(str, ids))
    assert found == (list(map(str, ids)) if are_usual else None)


def test_a_day_that_begins_within_an_hour_parts_the_hour() -> None:
    days = Days({1: ZoneInfo("Asia/Kathmandu")})
    midnight = datetime(2023, 6, 4, 18, 15, tzinfo=UTC)
    around = [midnight - MINUTE, midnight, midnight + MINUTE]

    found = days.column([1] * 3, [packed_instant(at) for at in around])

    assert [date.fromordinal(day) for day in found] == [date(2023, 6, 4), date(2023, 6, 5), date(2023, 6, 5)]


# Days begin with an hour or within one. In Newfoundland, clocks went back over midnight a minute after it.
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"])
@given(
    st.datetimes(datetime(2010, 10, 1), datetime(2012, 2, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 30 * 60),
    st.integers(0, 1_000),
)
@example(datetime(2010, 11, 7, 0, 0, tzinfo=UTC), 5 * 60, 1)
@example(datetime(2011, 12, 30, 8, 0, tzinfo=UTC), 5 * 60, 1)
def test_many_instants_have_the_days_that_each_has(
    zone: str, start: datetime, minutes: int, seed: int
) -> None:
    random, days = Random(seed), Days({1: ZoneInfo(zone), 2: ZoneInfo("Europe/Zurich")})  # noqa: S311
    some = [(random.choice([1, 2]), start + MINUTE * minutes * random.random()) for _ in range(80)]

    found = days.column([id for id, _ in some], [packed_instant(at) for _, at in some])

    assert found == [days.of(*one).toordinal() for one in some]
