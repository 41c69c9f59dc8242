"""The calendar of asset views, by dates and keys that stand here as they are."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.studio import Clock, Studio

VIEWS = """query($id: ID!, $start: RangeBound!, $end: RangeBound!, $zone: TimeZone, $interval: DateInterval!,
  $from: WeekStart!, $zeros: Boolean!) {
  asset(id: $id) { metrics(range: {start: $start, end: $end}, timeZone: $zone) {
    views(viewType: VIEW_3D, interval: $interval, weekStart: $from, zeroFill: $zeros) {
      points { dateInterval start end isPartial count } } } } }"""


@pytest.fixture
async def asset(studio: Studio, clock: Clock) -> str:
    clock.now = datetime.fromisoformat("2027-02-01T00:00:00Z")
    return await studio.add_asset("Chair")


async def see(studio: Studio, asset: str, *at: str) -> None:
    await studio.report(
        [
            {"subject": {"assetId": asset}, "action": "VIEW_3D", "occurredAt": datetime.isoformat(when)}
            for when in map(datetime.fromisoformat, at)
        ]
    )


async def points(
    studio: Studio,
    asset: str,
    within: tuple[str, str],
    interval: str,
    zone: str = "UTC",
    *,
    week_start: str = "MONDAY",
    zeros: bool = False,
) -> list[dict[str, Any]]:
    start, end = within
    given = {"id": asset, "start": start, "end": end, "zone": zone, "interval": interval}
    answer = await studio.ask(VIEWS, "admin", **given, **{"from": week_start, "zeros": zeros})
    found: list[dict[str, Any]] = answer.data["asset"]["metrics"]["views"]["points"]
    return found


def keys(points: list[dict[str, Any]]) -> list[str]:
    return [point["dateInterval"] for point in points]


async def test_a_week_belongs_to_the_year_that_has_most_of_it(studio: Studio, asset: str) -> None:
    days = {
        "2018-12-31": "201901",
        "2021-01-03": "202053",
        "2022-01-01": "202152",
        "2023-01-01": "202252",
        "2023-06-04": "202322",
        "2024-12-30": "202501",
        "2027-01-03": "202653",
    }
    await see(studio, asset, *(f"{day}T12:00:00Z" for day in days))

    assert keys(await points(studio, asset, ("2018-12-01", "2027-01-31"), "WEEK")) == list(days.values())


async def test_a_week_from_sunday_is_of_the_year_of_its_saturday(studio: Studio, asset: str) -> None:
    days = {"2022-12-31": "202253", "2023-01-01": "202301", "2023-12-30": "202352", "2023-12-31": "202401"}
    await see(studio, asset, *(f"{day}T12:00:00Z" for day in days))

    found = await points(studio, asset, ("2022-12-01", "2024-01-31"), "WEEK", week_start="SUNDAY")

    assert keys(found) == list(days.values())
    assert (found[0]["start"], found[0]["end"]) == ("2022-12-25T00:00:00Z", "2023-01-01T00:00:00Z")


async def test_june_and_a_day_has_31_days_five_weeks_and_two_months(studio: Studio, asset: str) -> None:
    june = ("2023-06-01T00:00:00", "2023-07-01T23:59:59")

    days = await points(studio, asset, june, "DAY", zeros=True)
    weeks = await points(studio, asset, june, "WEEK", zeros=True)
    months = await points(studio, asset, june, "MONTH", zeros=True)

    assert keys(days) == [*(f"202306{day:02}" for day in range(1, 31)), "20230701"]
    assert [(week["dateInterval"], week["isPartial"]) for week in weeks] == [
        ("202322", True),
        ("202323", False),
        ("202324", False),
        ("202325", False),
        ("202326", True),
    ]
    assert [(month["dateInterval"], month["isPartial"]) for month in months] == [
        ("202306", False),
        ("202307", True),
    ]


async def test_weeks_go_on_over_new_year(studio: Studio, asset: str) -> None:
    found = await points(studio, asset, ("2022-12-01", "2023-01-17"), "WEEK", zeros=True)

    assert keys(found) == [
        *("202248", "202249", "202250", "202251", "202252"),
        *("202301", "202302", "202303"),
    ]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("America/New_York", "2023-03-12", "2023-03-12T05:00:00Z", "2023-03-13T04:00:00Z"),
        ("America/New_York", "2023-11-05", "2023-11-05T04:00:00Z", "2023-11-06T05:00:00Z"),
        ("Australia/Lord_Howe", "2023-04-02", "2023-04-01T13:00:00Z", "2023-04-02T13:30:00Z"),
        ("Asia/Kathmandu", "2023-06-04", "2023-06-03T18:15:00Z", "2023-06-04T18:15:00Z"),
    ],
)
async def test_a_day_is_as_long_as_its_clocks_say(
    studio: Studio, asset: str, zone: str, day: str, start: str, end: str
) -> None:
    last = datetime.fromisoformat(end) - timedelta(microseconds=1)
    await see(studio, asset, start, last.isoformat(), end)

    assert await points(studio, asset, (day, day), "DAY", zone) == [
        {"dateInterval": day.replace("-", ""), "start": start, "end": end, "isPartial": False, "count": 2}
    ]


async def test_apia_has_no_day_before_new_years_eve_2011(studio: Studio, asset: str) -> None:
    await see(studio, asset, "2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z")

    found = await points(studio, asset, ("2011-12-29", "2011-12-31"), "DAY", "Pacific/Apia", zeros=True)

    assert [(point["dateInterval"], point["count"]) for point in found] == [("20111229", 1), ("20111231", 1)]


@pytest.mark.parametrize(("zone", "key"), [("America/Los_Angeles", "20230604"), ("Asia/Kolkata", "20230605")])
async def test_an_event_is_of_another_day_elsewhere(studio: Studio, asset: str, zone: str, key: str) -> None:
    await see(studio, asset, "2023-06-04T23:30:00Z")

    assert keys(await points(studio, asset, ("2023-06-01", "2023-06-30"), "DAY", zone)) == [key]
