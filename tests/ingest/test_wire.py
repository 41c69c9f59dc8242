import gc
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.wire import (
    InvalidEvents,
    WireAction,
    WireDevice,
    WireEvent,
    WireSource,
    WireSubject,
    WireWork,
    events_from_json,
    events_from_values,
)
from ingest.wire_columns import columns_from_json

NO_INSTANT = "is no instant with offset, such as 2023-06-04T23:59:59Z"
LEAST = {"subject": {"publicationId": "pub_x"}, "action": "VIEW"}
FULL = {
    "subject": {"work": {"userId": "usr_x", "sourceType": "YOUTUBE", "itemId": "abc"}},
    "action": "PLAY",
    "id": "0188be7a-7d00-7000-8000-000000000001",
    "occurredAt": "2023-06-15T14:00:00.5+02:00",
    "viewId": "0188be7a-7d00-7000-8000-000000000002",
    "deviceCategory": "TABLET",
    "domain": "example.com",
    "visitor": "somebody",
    "userId": "usr_y",
    "sentAt": "2023-06-15t12:00:01.9999999z",
}


def both_ways(values: Any) -> list[WireEvent]:
    """As a body and as the values of a variable: what is read must not depend on that."""
    listed = values if isinstance(values, list) else [values]
    from_json = events_from_json(json.dumps(values).encode())
    assert events_from_values(listed) == from_json
    return from_json


def problem(values: Any) -> str:
    """The one that both ways name."""
    with pytest.raises(InvalidEvents) as in_json:
        events_from_json(json.dumps(values).encode())
    with pytest.raises(InvalidEvents) as in_values:
        events_from_values(values)
    assert str(in_json.value) == str(in_values.value)
    return str(in_json.value)


def test_an_event_may_be_alone_or_in_a_list() -> None:
    event = WireEvent(WireSubject(publication_id="pub_x"), WireAction.VIEW)

    assert both_ways(LEAST) == [event]
    assert both_ways([LEAST, LEAST]) == [event, event]
    assert both_ways([]) == []


def test_every_field_is_read() -> None:
    (event,) = both_ways(FULL)

    assert event == WireEvent(
        subject=WireSubject(work=WireWork("usr_x", WireSource.YOUTUBE, "abc")),
        action=WireAction.PLAY,
        id="0188be7a-7d00-7000-8000-000000000001",
        occurred_at=datetime(2023, 6, 15, 12, 0, 0, 500_000, tzinfo=UTC),
        view_id="0188be7a-7d00-7000-8000-000000000002",
        device_category=WireDevice.TABLET,
        domain="example.com",
        visitor="somebody",
        user_id="usr_y",
        sent_at=datetime(2023, 6, 15, 12, 0, 1, 999_999, tzinfo=UTC),
    )


def test_null_is_as_absent() -> None:
    nothing = {name: None for name in FULL if name not in ("subject", "action")}
    subject = {"publicationId": "pub_x", "assetId": None, "profileUserId": None, "work": None}

    assert both_ways({**LEAST, **nothing, "subject": subject}) == both_ways(LEAST)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"action": "LOOK"}, "Invalid enum value 'LOOK' - at `$[1].action`"),
        ({"action": "LIKE"}, "Invalid enum value 'LIKE' - at `$[1].action`"),
        ({"action": 1}, "Expected `str`, got `int` - at `$[1].action`"),
        ({"deviceCategory": "UNKNOWN"}, "Invalid enum value 'UNKNOWN' - at `$[1].deviceCategory`"),
        ({"id": 7}, "Expected `str | null`, got `int` - at `$[1].id`"),
        *(
            (
                {"occurredAt": given},
                f"'{given}' {NO_INSTANT} - at `$[1].occurredAt`",
            )
            for given in ("yesterday", "2023-06-15T12:00:00", 1_686_830_400)
        ),
        (
            {"sentAt": "2023-02-29T00:00:00Z"},
            "'2023-02-29T00:00:00Z' is not in the calendar: day is out of range for month - at `$[1].sentAt`",
        ),
        ({"subject": None}, "Expected `object`, got `null` - at `$[1].subject`"),
        ({"subject": {"pageId": "x"}}, "Object contains unknown field `pageId` - at `$[1].subject`"),
        (
            {"subject": {"work": {"userId": "usr_x", "sourceType": "VIMEO", "itemId": "1"}}},
            "Invalid enum value 'VIMEO' - at `$[1].subject.work.sourceType`",
        ),
        (
            {"subject": {"work": {"userId": "usr_x", "sourceType": "YOUTUBE"}}},
            "Object missing required field `itemId` - at `$[1].subject.work`",
        ),
        ({"when": "now"}, "Object contains unknown field `when` - at `$[1]`"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: dict[str, Any], words: str) -> None:
    assert problem([LEAST, {**LEAST, **change}]) == words


def test_what_is_missing_is_named_with_its_place() -> None:
    assert problem([{"action": "VIEW"}]) == "Object missing required field `subject` - at `$[0]`"
    assert problem([LEAST, 5]) == "Expected `object`, got `int` - at `$[1]`"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"[",
        b"nonsense",
        b"\xff\xfe",
        b'"VIEW"',
        b"null",
        b"12",
        b"[" * 100_000,
        b'{"subject":{"publicationId":"\\ud800"},"action":"VIEW"}',
        b'{"subject":{"publicationId":"\xff"},"action":"VIEW"}',
        json.dumps(LEAST).encode() * 2,
        json.dumps(LEAST).encode("utf-16"),
    ],
)
def test_what_is_no_json_of_events_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidEvents):
        events_from_json(body)


@given(st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_any_body_gives_events_or_is_invalid(body: bytes) -> None:
    try:
        events = events_from_json(body)
    except InvalidEvents:
        return
    assert events == []


def test_a_thousand_events_are_nothing_for_the_collector_of_garbage() -> None:
    """Otherwise it would look through all columns that wait, after every few requests."""
    gc.disable()
    try:
        before, _, _ = gc.get_count()
        columns = columns_from_json(json.dumps([LEAST] * 1_000).encode())
        after, _, _ = gc.get_count()
    finally:
        gc.enable()

    assert columns.size == 1_000
    assert after - before < 100
