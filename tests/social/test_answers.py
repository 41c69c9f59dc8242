import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import time

import pytest

from social import soundcloud
from social.answers import by_status, count_of, seconds_to_wait
from social.errors import Failed, Limited, NetworkError
from social.graph_api import verdict


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        ("0", 0),
        (2**53 - 1, 2**53 - 1),
        ("9007199254740991", 2**53 - 1),
        (2**53, None),
        ("9007199254740992", None),
        ("9" * 5_000, None),
        (-1, None),
        ("-1", None),
        ("+1", None),
        ("1_0", None),
        (" 1", None),
        ("\u0661", None),
        ("", None),
        (None, None),
    ],
)
def test_a_figure_is_a_number_that_the_schema_has(value: int | str | None, expected: int | None) -> None:
    assert count_of(value) == expected


@pytest.mark.parametrize(
    ("after", "seconds"),
    [("120", 120.0), (" 0 ", 0.0), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("9" * 12, None)],
)
def test_retry_after_is_a_number_of_seconds(after: str, seconds: float | None) -> None:
    assert seconds_to_wait({"retry-after": after}) == seconds


def test_retry_after_may_be_a_date() -> None:
    past, future = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))

    assert seconds_to_wait({"retry-after": format_datetime(past, usegmt=True)}) == 0
    assert seconds_to_wait({"retry-after": format_datetime(future, usegmt=True)}) == pytest.approx(
        3600, abs=2
    )


def waits(error: NetworkError | None) -> float | None:
    assert isinstance(error, Failed | Limited)
    return error.wait


def test_the_reset_that_x_tells_always_is_one_for_429_alone() -> None:
    headers = {"x-rate-limit-reset": str(int(time()) + 900)}

    assert waits(by_status(429, headers, b"")) == pytest.approx(900, abs=2)
    assert waits(by_status(429, headers | {"retry-after": "5"}, b"")) == 5
    assert waits(by_status(503, headers, b"")) is None


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        (
            '{"1": [{"estimated_time_to_regain_access": 5}], "2": [{"estimated_time_to_regain_access": 9}]}',
            540,
        ),
        ('{"1": [{"estimated_time_to_regain_access": 0}]}', None),
        (f'{{"1": [{{"estimated_time_to_regain_access": {10**400}}}]}}', 86_400),
        ('{"1": [{"estimated_time_to_regain_access": 9000000000000000000}]}', 86_400),
        ("nonsense", None),
        ("", None),
    ],
)
def test_meta_tells_minutes_among_its_usage(usage: str, seconds: float | None) -> None:
    body = b'{"error": {"code": 32, "message": "Page request limit reached"}}'

    assert waits(verdict(403, {"x-business-use-case-usage": usage}, body)) == seconds


def test_soundcloud_tells_in_the_body_when_its_limits_end() -> None:
    now = datetime.now(UTC)

    def limited(*hours: int, headers: dict[str, str] | None = None) -> float | None:
        times = [f"{now + timedelta(hours=one):%Y/%m/%d %H:%M:%S} +0000" for one in hours]
        limits = [
            {"meta": {"rate_limit": {"group": "plays", "time_window": "PT24H"}, "reset_time": time}}
            for time in times
        ]
        return waits(soundcloud.verdict(429, headers or {}, json.dumps({"errors": limits}).encode()))

    assert limited(1, 2) == pytest.approx(7_200, abs=2)
    assert limited(-1) == 0
    assert limited() is None
    assert limited(1, headers={"retry-after": "5"}) == 5
    assert waits(soundcloud.verdict(429, {}, b'{"errors": [{"meta": {"reset_time": "soon"}}]}')) is None
    assert waits(soundcloud.verdict(429, {}, b"<html>")) is None
    assert soundcloud.verdict(200, {}, b"") is None
