"""Views by the hour: of every zone, whatever zone the totals are kept in, and never guessed."""

from datetime import datetime
from typing import Any

import pytest

from tests.events import record, set_time_zone, view
from tests.studio import Studio

VIEWS = """query($range: DateRange!, $interval: DateInterval!, $zone: TimeZone, $zeros: Boolean! = false) {
  publication(url: "ai-research-studio") {
    views(range: $range, interval: $interval, timeZone: $zone, zeroFill: $zeros) {
      count points { dateInterval start end isPartial isRunning count }
    }
  }
}"""
REPORTING = ("UTC", "Asia/Kathmandu", "Europe/Berlin")


@pytest.fixture(params=REPORTING)
def reporting_zone(request: pytest.FixtureRequest) -> str:
    zone: str = request.param
    return zone


async def asked(studio: Studio, start: str, end: str, **arguments: Any) -> dict[str, Any]:
    given = {"interval": "HOUR", **arguments, "range": {"start": start, "end": end}}
    series: dict[str, Any] = (await studio.ask(VIEWS, "owner", **given)).data["publication"]["views"]
    return series


async def hours(studio: Studio, start: str, end: str, **arguments: Any) -> list[tuple[str, str, int]]:
    """Key, start without its day's year, and count."""
    found = await asked(studio, start, end, **arguments)
    return [(point["dateInterval"], point["start"][5:16], point["count"]) for point in found["points"]]


async def report(studio: Studio, times: dict[str, int]) -> None:
    await record(studio, [view(at) for at, count in times.items() for _ in range(count)])


async def test_hours_are_right_where_clocks_are_set_back(studio: Studio, reporting_zone: str) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    await report(
        studio,
        {
            "2022-10-29T21:59:59.999999": 1,
            "2022-10-29T23:59:59.999999": 2,
            "2022-10-30T00:00:00": 3,
            "2022-10-30T00:59:59.999999": 4,
            "2022-10-30T01:00:00": 5,
            "2022-10-30T02:00:00": 6,
            "2022-10-30T22:59:59.999999": 7,
            "2022-10-30T23:00:00": 8,
        },
    )
    day = ("2022-10-30", "2022-10-30")

    assert await hours(studio, *day, zone="Europe/Berlin") == [
        ("2022103001", "10-29T23:00", 2),
        ("2022103002", "10-30T00:00", 7),
        ("2022103002+0100", "10-30T01:00", 5),
        ("2022103003", "10-30T02:00", 6),
        ("2022103023", "10-30T22:00", 7),
    ]
    filled = await asked(studio, *day, zone="Europe/Berlin", zeros=True)
    assert len(filled["points"]) == 25
    assert {(point["isPartial"], point["isRunning"]) for point in filled["points"]} == {(False, False)}
    of_day = await asked(studio, *day, zone="Europe/Berlin", interval="DAY")
    assert filled["count"] == sum(point["count"] for point in filled["points"]) == of_day["count"] == 27


async def test_hours_are_right_where_clocks_are_set_forward(studio: Studio, reporting_zone: str) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    await report(
        studio, {"2023-03-26T00:59:59.999999": 1, "2023-03-26T01:00:00": 2, "2023-03-26T21:59:59": 4}
    )

    assert await hours(studio, "2023-03-26", "2023-03-26", zone="Europe/Berlin") == [
        ("2023032601", "03-26T00:00", 1),
        ("2023032603", "03-26T01:00", 2),
        ("2023032623", "03-26T21:00", 4),
    ]
    filled = await asked(studio, "2023-03-26", "2023-03-26", zone="Europe/Berlin", zeros=True)
    assert len(filled["points"]) == 23


async def test_hours_of_zones_that_are_off_by_a_part_of_one_are_theirs(
    studio: Studio, reporting_zone: str
) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    await report(
        studio,
        {
            "2023-04-01T14:59:59.999999": 1,
            "2023-04-01T15:00:00": 2,
            "2023-04-01T15:14:59.999999": 4,
            "2023-04-01T15:15:00": 8,
            "2023-04-01T15:29:59.999999": 16,
            "2023-04-01T15:30:00": 32,
        },
    )
    span = ("2023-04-01T14:45:00Z", "2023-04-01T15:59:59Z")

    assert await hours(studio, *span, zone="Asia/Kathmandu") == [
        ("2023040120", "04-01T14:15", 0 + 1 + 2 + 4),
        ("2023040121", "04-01T15:15", 8 + 16 + 32),
    ]
    assert await hours(studio, *span, zone="Asia/Kolkata") == [
        ("2023040120", "04-01T14:30", 1 + 2 + 4 + 8 + 16),
        ("2023040121", "04-01T15:30", 32),
    ]
    # There clocks go back from 02:00 to 01:30 at 15:00 UTC.
    assert await hours(studio, *span, zone="Australia/Lord_Howe") == [
        ("2023040201", "04-01T14:00", 1),
        ("2023040201+1030", "04-01T15:00", 2 + 4 + 8 + 16),
        ("2023040202", "04-01T15:30", 32),
    ]
    assert await hours(studio, *span, zone="UTC") == [
        ("2023040114", "04-01T14:00", 1),
        ("2023040115", "04-01T15:00", 62),
    ]


async def test_an_hour_of_which_the_range_cuts_off_a_part_says_so(
    studio: Studio, reporting_zone: str
) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    await report(
        studio, {"2023-06-04T10:19:59.999999": 1, "2023-06-04T10:20:00": 2, "2023-06-04T11:00:01": 4}
    )

    found = await asked(studio, "2023-06-04T10:20", "2023-06-04T11:00:00")
    assert [(point["dateInterval"], point["isPartial"], point["count"]) for point in found["points"]] == [
        ("2023060410", True, 2)
    ]
    whole = await asked(studio, "2023-06-04T10:00", "2023-06-04T11:59:59")
    assert [(point["dateInterval"], point["isPartial"], point["count"]) for point in whole["points"]] == [
        ("2023060410", False, 3),
        ("2023060411", False, 4),
    ]


@pytest.mark.parametrize(
    ("zone", "interval", "running"),
    [
        ("UTC", "HOUR", "2023061512"),
        ("UTC", "DAY", "20230615"),
        ("UTC", "WEEK", "202324"),
        ("UTC", "MONTH", "202306"),
        ("Asia/Kolkata", "HOUR", "2023061517"),
        ("Pacific/Kiritimati", "DAY", "20230616"),
    ],
)
async def test_the_bucket_that_is_still_running_says_so(
    studio: Studio, zone: str, interval: str, running: str
) -> None:
    """At noon of 2023-06-15, UTC. What is not over yet may still grow; what has not begun does not run."""
    await report(studio, {"2023-06-15T11:59:59": 1, "2023-06-15T12:00:00": 2})

    async def those_that_run() -> list[tuple[str, int]]:
        found = await asked(studio, "2023-06-12", "2023-06-18", zone=zone, interval=interval, zeros=True)
        return [(point["dateInterval"], point["count"]) for point in found["points"] if point["isRunning"]]

    ((key, count),) = await those_that_run()
    assert key == running
    assert count == (2 if (zone, interval) == ("UTC", "HOUR") else 3)
    # Exactly at its end it is over.
    found = await asked(studio, "2023-06-12", "2023-06-18", zone=zone, interval=interval, zeros=True)
    (end,) = (point["end"] for point in found["points"] if point["isRunning"])
    studio.clock.now = datetime.fromisoformat(end)
    assert running not in [key for key, _ in await those_that_run()]
