"""The range before a range, by the calendar of the zone that is asked for."""

from typing import Any

import pytest

from tests.events import record, view
from tests.studio import Studio

METRICS = """query($range: DateRange, $zone: TimeZone) { publication(url: "ai-research-studio") {
  metrics(range: $range, timeZone: $zone) {
    range { start end } totalViews
    previous { range { start end } totalViews previous { range { start end } totalViews } }
    previousOfEqualLength { range { start end } totalViews }
  }
} }"""
OF_ASSET = """query($id: ID!, $range: DateRange!, $zone: TimeZone) { asset(id: $id) {
  metrics(range: $range, timeZone: $zone) {
    range { start end } totalViews: total3DViews
    previous { range { start end } totalViews: total3DViews
      previous { range { start end } totalViews: total3DViews } }
    previousOfEqualLength { range { start end } totalViews: total3DViews }
  }
} }"""
BERLIN = "Europe/Berlin"
# An hour before each bound of what is asked below, and at it.
TIMES = [
    f"2025-{at}"
    for at in (
        "01-28T23:00:00",
        "01-29T00:00:00",
        "01-31T22:59:59.999999",
        "01-31T23:00:00",
        "02-28T22:59:59.999999",
        "02-28T23:00:00",
        "03-28T23:00:00",
        "03-29T21:59:59.999999",
        "03-29T22:00:00",
        "03-29T22:59:59.999999",
        "03-29T23:00:00",
        "03-30T21:59:59.999999",
        "03-30T22:00:00",
        "03-31T21:59:59.999999",
        "03-31T22:00:00",
    )
]


@pytest.fixture(params=["publication", "asset"])
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


async def asked(studio: Studio, kind: str, start: str, end: str, zone: str | None) -> dict[str, Any]:
    studio.clock.to_now()
    given = {"range": {"start": start, "end": end}, "zone": zone}
    if kind == "publication":
        await record(studio, [view(at) for at in TIMES])
        answer = await studio.ask(METRICS, "owner", **given)
    else:
        asset = await studio.add_asset("Chair")
        await studio.report(
            [{"subject": {"assetId": asset}, "action": "VIEW_3D", "occurredAt": f"{at}Z"} for at in TIMES]
        )
        answer = await studio.ask(OF_ASSET, "admin", id=asset, **given)
    found: dict[str, Any] = answer.data[kind]["metrics"]
    return found


def told(start: str, end: str, views: int, **more: Any) -> dict[str, Any]:
    return {"range": {"start": f"2025-{start}:00Z", "end": f"2025-{end}:00Z"}, "totalViews": views, **more}


async def test_the_day_before_has_all_the_hours_that_it_had(studio: Studio, kind: str) -> None:
    """2025-03-30 has 23 in Berlin."""
    assert await asked(studio, kind, "2025-03-31", "2025-03-31", BERLIN) == told(
        "03-30T22:00",
        "03-31T22:00",
        2,
        previous=told("03-29T23:00", "03-30T22:00", 2, previous=told("03-28T23:00", "03-29T23:00", 4)),
        previousOfEqualLength=told("03-29T22:00", "03-30T22:00", 4),
    )


async def test_march_follows_february(studio: Studio, kind: str) -> None:
    found = await asked(studio, kind, "2025-03-01", "2025-03-31", BERLIN)
    january = {"range": {"start": "2024-12-31T23:00:00Z", "end": "2025-01-31T23:00:00Z"}, "totalViews": 3}
    assert found == told(
        "02-28T23:00",
        "03-31T22:00",
        9,
        previous=told("01-31T23:00", "02-28T23:00", 2, previous=january),
        previousOfEqualLength=told("01-29T00:00", "02-28T23:00", 4),
    )


async def test_a_part_of_a_day_has_before_it_what_is_as_long(studio: Studio, kind: str) -> None:
    found = await asked(studio, kind, "2025-03-30T00:00:00", "2025-03-30T23:00:00", BERLIN)
    before = told("03-29T00:59", "03-29T23:00", 3)
    before["range"]["start"] = "2025-03-29T00:59:59Z"
    assert found["range"] == {"start": "2025-03-29T23:00:00Z", "end": "2025-03-30T21:00:01Z"}
    assert {name: found["previous"][name] for name in before} == before
    assert found["previousOfEqualLength"] == before


async def test_days_are_read_in_utc_when_no_zone_is_named(studio: Studio, kind: str) -> None:
    in_utc = await asked(studio, kind, "2025-03-30", "2025-03-30", None)
    assert in_utc["range"] == {"start": "2025-03-30T00:00:00Z", "end": "2025-03-31T00:00:00Z"}
    assert in_utc["totalViews"] == 2


async def test_all_time_has_nothing_before_it_in_any_zone(studio: Studio) -> None:
    for zone in (None, "UTC", BERLIN):
        answer = await studio.ask(METRICS, "owner", range=None, zone=zone)
        assert answer.data["publication"]["metrics"] == {
            "range": None,
            "totalViews": 0,
            "previous": None,
            "previousOfEqualLength": None,
        }


async def test_a_zone_that_is_none_is_refused(studio: Studio) -> None:
    for range_ in (None, {"start": "2025-03-30", "end": "2025-03-30"}):
        answer = await studio.ask(METRICS, "owner", range=range_, zone="Mars/Olympus")
        assert answer.body["data"] == {"publication": {"metrics": None}}
        assert answer.extensions == {
            "code": "BAD_USER_INPUT",
            "argument": "timeZone",
            "reason": "INVALID_TIME_ZONE",
        }
