from typing import Any

import pytest

from tests.events import record, set_time_zone, view
from tests.studio import Studio

VIEWS = """query(
  $range: DateRange!, $interval: DateInterval!, $zone: TimeZone, $by: [ViewDimension!], $of: String
) {
  publication(url: "ai-research-studio") {
    name
    views(range: $range, interval: $interval, timeZone: $zone, groupBy: $by, domain: $of) {
      viewType interval count
      points { dateInterval start end isPartial deviceCategory domain count }
    }
  }
}"""
INTERVALS = ("DAY", "WEEK", "MONTH")
ZONES = ("UTC", "Asia/Kolkata", "America/Los_Angeles")

Table = list[tuple[Any, ...]]


async def asked(studio: Studio, start: str, end: str, interval: str, **arguments: Any) -> dict[str, Any]:
    answer = await studio.ask(
        VIEWS, "owner", range={"start": start, "end": end}, interval=interval, **arguments
    )
    series: dict[str, Any] = answer.data["publication"]["views"]
    assert series["viewType"] is None
    assert series["interval"] == interval
    assert series["count"] == sum(point["count"] for point in series["points"])
    return series


async def table(
    studio: Studio, start: str, end: str, interval: str, *columns: str, **arguments: Any
) -> Table:
    """Key and count of each point, with other columns between."""
    series = await asked(studio, start, end, interval, **arguments)
    return [
        tuple(point[column] for column in ("dateInterval", *columns, "count")) for point in series["points"]
    ]


async def report_a_fortnight(studio: Studio) -> None:
    """Over the end of May and the Sunday of June 4th."""
    times = {
        "2023-05-28T23:59:59.999999": 1,
        "2023-05-29T00:00:00": 2,
        "2023-05-31T23:59:59.999999": 3,
        "2023-06-01T00:00:00": 4,
        "2023-06-04T23:30:00": 5,
        "2023-06-04T23:59:59.5": 6,
        "2023-06-05T00:00:00": 7,
        "2023-06-11T23:59:59": 8,
        "2023-06-12T00:00:00": 9,
    }
    await record(studio, [view(at) for at, count in times.items() for _ in range(count)])


@pytest.fixture(params=ZONES)
def reporting_zone(request: pytest.FixtureRequest) -> str:
    """Of the owner's tenant: it decides where numbers are read, never what they are."""
    zone: str = request.param
    return zone


async def test_views_are_counted_by_day_week_and_month(studio: Studio, reporting_zone: str) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    await report_a_fortnight(studio)
    bounds = ("start", "end", "isPartial")

    assert await table(studio, "2023-05-29", "2023-06-11", "DAY", *bounds) == [
        ("20230529", "2023-05-29T00:00:00Z", "2023-05-30T00:00:00Z", False, 2),
        ("20230531", "2023-05-31T00:00:00Z", "2023-06-01T00:00:00Z", False, 3),
        ("20230601", "2023-06-01T00:00:00Z", "2023-06-02T00:00:00Z", False, 4),
        ("20230604", "2023-06-04T00:00:00Z", "2023-06-05T00:00:00Z", False, 11),
        ("20230605", "2023-06-05T00:00:00Z", "2023-06-06T00:00:00Z", False, 7),
        ("20230611", "2023-06-11T00:00:00Z", "2023-06-12T00:00:00Z", False, 8),
    ]
    assert await table(studio, "2023-05-29", "2023-06-11", "WEEK", *bounds) == [
        ("202322", "2023-05-29T00:00:00Z", "2023-06-05T00:00:00Z", False, 20),
        ("202323", "2023-06-05T00:00:00Z", "2023-06-12T00:00:00Z", False, 15),
    ]
    assert await table(studio, "2023-05-29", "2023-06-11", "MONTH", *bounds) == [
        ("202305", "2023-05-01T00:00:00Z", "2023-06-01T00:00:00Z", True, 5),
        ("202306", "2023-06-01T00:00:00Z", "2023-07-01T00:00:00Z", True, 30),
    ]
    assert await table(studio, "2023-05-01", "2023-06-30", "MONTH", *bounds) == [
        ("202305", "2023-05-01T00:00:00Z", "2023-06-01T00:00:00Z", False, 6),
        ("202306", "2023-06-01T00:00:00Z", "2023-07-01T00:00:00Z", False, 39),
    ]


async def test_a_bucket_of_which_the_range_cuts_off_a_part_says_so(
    studio: Studio, reporting_zone: str
) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    await report_a_fortnight(studio)

    async def cut(start: str, end: str, interval: str) -> Table:
        return await table(studio, start, end, interval, "isPartial")

    assert await cut("2023-05-28T23:59:59Z", "2023-06-04T23:30:00Z", "DAY") == [
        ("20230528", True, 1),
        ("20230529", False, 2),
        ("20230531", False, 3),
        ("20230601", False, 4),
        ("20230604", True, 5),
    ]
    assert await cut("2023-05-29T00:00:01Z", "2023-06-11T23:59:59Z", "WEEK") == [
        ("202322", True, 18),
        ("202323", False, 15),
    ]
    assert await cut("2023-06-01", "2023-06-12T00:00:00Z", "MONTH") == [("202306", True, 39)]
    assert await cut("2023-06-05T00:00:00Z", "2023-06-05T00:00:00Z", "DAY") == [("20230605", True, 7)]


async def test_buckets_are_those_of_the_asked_time_zone(studio: Studio, reporting_zone: str) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    await record(studio, [view("2023-06-04T23:30:00")])
    columns = ("start", "end", "isPartial")

    async def in_zone(zone: str, interval: str) -> tuple[Any, ...]:
        (point,) = await table(studio, "2023-06-01", "2023-06-30", interval, *columns, zone=zone)
        return point

    assert await in_zone("America/Los_Angeles", "DAY") == (
        *("20230604", "2023-06-04T07:00:00Z", "2023-06-05T07:00:00Z", False, 1),
    )
    assert await in_zone("Asia/Kolkata", "DAY") == (
        *("20230605", "2023-06-04T18:30:00Z", "2023-06-05T18:30:00Z", False, 1),
    )
    assert await in_zone("America/Los_Angeles", "WEEK") == (
        *("202322", "2023-05-29T07:00:00Z", "2023-06-05T07:00:00Z", True, 1),
    )
    assert await in_zone("Asia/Kolkata", "WEEK") == (
        *("202323", "2023-06-04T18:30:00Z", "2023-06-11T18:30:00Z", False, 1),
    )
    assert await in_zone("Asia/Kolkata", "MONTH") == (
        *("202306", "2023-05-31T18:30:00Z", "2023-06-30T18:30:00Z", False, 1),
    )


async def test_days_last_as_long_as_the_clocks_say(studio: Studio, reporting_zone: str) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    times = {
        "2022-11-06T03:59:59.999999": 1,
        "2022-11-06T04:00:00": 2,
        "2022-11-07T04:59:59.999999": 4,
        "2022-11-07T05:00:00": 8,
        "2023-03-12T04:59:59.999999": 16,
        "2023-03-12T05:00:00": 32,
        "2023-03-13T03:59:59.999999": 64,
        "2023-03-13T04:00:00": 128,
    }
    await record(studio, [view(at) for at, count in times.items() for _ in range(count)])

    async def in_new_york(day: str) -> Table:
        return await table(studio, day, day, "DAY", "start", "end", zone="America/New_York")

    assert await in_new_york("2022-11-06") == [
        ("20221106", "2022-11-06T04:00:00Z", "2022-11-07T05:00:00Z", 2 + 4)
    ]
    assert await in_new_york("2023-03-12") == [
        ("20230312", "2023-03-12T05:00:00Z", "2023-03-13T04:00:00Z", 32 + 64)
    ]


async def test_bounds_without_offset_are_read_in_the_asked_time_zone(
    studio: Studio, reporting_zone: str
) -> None:
    await set_time_zone(studio, "owner", reporting_zone)
    times = {
        "2023-06-04T03:29:59.999999": 1,
        "2023-06-04T03:30:00": 2,
        "2023-06-04T06:30:00.999999": 4,
        "2023-06-04T06:30:01": 8,
        "2023-06-04T12:00:00.5": 16,
    }
    await record(studio, [view(at) for at, count in times.items() for _ in range(count)])

    async def counted(start: str, end: str, zone: str | None) -> int:
        count: int = (await asked(studio, start, end, "DAY", zone=zone))["count"]
        return count

    assert await counted("2023-06-04T09:00", "2023-06-04T12:00:00", "Asia/Kolkata") == 2 + 4
    assert await counted("2023-06-04T09:00", "2023-06-04T12:00:00", "UTC") == 16
    assert await counted("2023-06-04T09:00", "2023-06-04T12:00:00", None) == 16
    assert await counted("2023-06-04T09:00:00Z", "2023-06-04T12:00:00Z", "Asia/Kolkata") == 16
    assert await counted("2023-06-04", "2023-06-04", "Pacific/Kiritimati") == 1 + 2 + 4 + 8
    assert await counted("2023-06-03", "2023-06-03", "Pacific/Honolulu") == 1 + 2 + 4 + 8


async def test_a_week_belongs_to_its_iso_year(studio: Studio) -> None:
    days = ["2018-12-31", "2021-01-03", "2021-01-04", "2022-01-02", "2023-01-01", "2023-01-02", "2023-06-04"]
    await record(studio, [view(f"{day}T12:00:00") for day in days])

    assert await table(studio, "2018-01-01", "2023-06-15", "WEEK") == [
        ("201901", 1),
        ("202053", 1),
        ("202101", 1),
        ("202152", 1),
        ("202252", 1),
        ("202301", 1),
        ("202322", 1),
    ]


async def report_groups(studio: Studio) -> None:
    await record(
        studio,
        [
            view("2023-05-31T12:00:00", device="TABLET", domain="b.example"),
            view("2023-06-01T12:00:00", device="MOBILE", domain="b.example"),
            view("2023-06-02T12:00:00", device="MOBILE", domain="B.Example "),
            view("2023-06-02T12:00:00", device="MOBILE", domain="a.example"),
            view("2023-06-02T12:00:00", device="MOBILE"),
            view("2023-06-03T12:00:00", device="DESKTOP", domain="a.example"),
            view("2023-06-03T12:00:00", device="DESKTOP", domain="ä.example"),
            view("2023-06-03T12:00:00", device="DESKTOP", domain="z.example"),
            view("2023-06-04T12:00:00", device="TABLET"),
            view("2023-06-04T12:00:00", domain="a.example"),
            view("2023-06-04T12:00:00"),
            view("2023-06-04T12:00:00"),
        ],
    )


@pytest.mark.parametrize("zone", ZONES)
async def test_points_are_ordered_by_bucket_then_by_group(studio: Studio, zone: str) -> None:
    await report_groups(studio)

    async def by(*dimensions: str) -> Table:
        columns = {"DEVICE": "deviceCategory", "DOMAIN": "domain"}
        shown = [column for name, column in columns.items() if name in dimensions]
        return await table(
            studio, "2023-05-01", "2023-06-30", "MONTH", *shown, zone=zone, by=list(dimensions)
        )

    assert await by() == [("202305", 1), ("202306", 11)]
    assert await by("DEVICE") == [
        ("202305", "TABLET", 1),
        ("202306", None, 3),
        ("202306", "DESKTOP", 3),
        ("202306", "MOBILE", 4),
        ("202306", "TABLET", 1),
    ]
    assert await by("DOMAIN") == [
        ("202305", "b.example", 1),
        ("202306", None, 4),
        ("202306", "a.example", 3),
        ("202306", "b.example", 2),
        ("202306", "xn--4ca.example", 1),
        ("202306", "z.example", 1),
    ]
    both = [
        ("202305", "TABLET", "b.example", 1),
        ("202306", None, None, 2),
        ("202306", None, "a.example", 1),
        ("202306", "DESKTOP", "a.example", 1),
        ("202306", "DESKTOP", "xn--4ca.example", 1),
        ("202306", "DESKTOP", "z.example", 1),
        ("202306", "MOBILE", None, 1),
        ("202306", "MOBILE", "a.example", 1),
        ("202306", "MOBILE", "b.example", 2),
        ("202306", "TABLET", None, 1),
    ]
    assert await by("DEVICE", "DOMAIN") == both
    assert await by("DOMAIN", "DEVICE", "DOMAIN") == both


async def test_a_dimension_that_is_not_asked_for_is_null(studio: Studio) -> None:
    await record(studio, [view("2023-06-04T12:00:00", device="TABLET", domain="example.com")])
    shown = ("deviceCategory", "domain")

    async def by(*dimensions: str) -> Table:
        return await table(studio, "2023-06-04", "2023-06-04", "DAY", *shown, by=list(dimensions))

    assert await by() == [("20230604", None, None, 1)]
    assert await by("DEVICE") == [("20230604", "TABLET", None, 1)]
    assert await by("DOMAIN") == [("20230604", None, "example.com", 1)]


@pytest.mark.parametrize("zone", ZONES)
async def test_only_views_of_one_domain_are_counted_when_one_is_named(studio: Studio, zone: str) -> None:
    await report_groups(studio)

    async def of(domain: str) -> Table:
        return await table(
            studio, "2023-05-31", "2023-06-30", "MONTH", "deviceCategory", zone=zone, by=["DEVICE"], of=domain
        )

    assert await of("b.example") == [("202305", "TABLET", 1), ("202306", "MOBILE", 2)]
    assert await of(" B.EXAMPLE") == [("202305", "TABLET", 1), ("202306", "MOBILE", 2)]
    assert await of("ä.example") == [("202306", "DESKTOP", 1)]
    assert await of("example") == []


@pytest.mark.parametrize("domain", ["", " ", "\0", "%.example"])
async def test_what_is_no_domain_is_no_filter(studio: Studio, domain: str) -> None:
    answer = await studio.ask(
        """query($domain: String) { publication(url: "ai-research-studio") {
          views(range: {start: "2023-06-01", end: "2023-06-02"}, interval: DAY, domain: $domain) { count }
        } }""",
        "owner",
        domain=domain,
    )

    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "domain", "reason": "INVALID_DOMAIN"}


async def test_views_of_other_publications_and_other_actions_are_not_counted(studio: Studio) -> None:
    another = await studio.add_publication("another", "owner")
    a_third = await studio.add_publication("a-third", "stranger")
    await record(studio, [view("2023-06-04T12:00:00"), view("2023-06-04T12:00:00") | {"action": "SHARE"}])
    await record(studio, [view("2023-06-04T12:00:00")] * 2, publication=another)
    await record(studio, [view("2023-06-04T12:00:00")] * 4, by="stranger", publication=a_third)

    assert await table(studio, "2023-06-04", "2023-06-04", "DAY") == [("20230604", 1)]


async def test_a_range_without_views_has_no_points(studio: Studio) -> None:
    await report_a_fortnight(studio)
    for interval in INTERVALS:
        for start, end in (("2023-06-12T00:00:01Z", "2023-06-30"), ("2990-01-01", "2999-12-31")):
            assert (await asked(studio, start, end, interval))["points"] == []


ERRORS: list[tuple[dict[str, Any], str, str]] = [
    ({"zone": "Mars/Olympus"}, "timeZone", "INVALID_TIME_ZONE"),
    ({"zone": "europe/paris"}, "timeZone", "INVALID_TIME_ZONE"),
    ({"zone": "+02:00"}, "timeZone", "INVALID_TIME_ZONE"),
    ({"zone": "../UTC"}, "timeZone", "INVALID_TIME_ZONE"),
    ({"zone": ""}, "timeZone", "INVALID_TIME_ZONE"),
    ({"by": ["ASSET"]}, "groupBy", "INVALID_GROUPING"),
    ({"by": ["DEVICE", "WORKSPACE"]}, "groupBy", "INVALID_GROUPING"),
    ({"range": {"start": "2023-06-31", "end": "2023-06-30"}}, "range.start", "INVALID_DATE"),
    ({"range": {"start": "2023-06-30", "end": "now"}}, "range.end", "INVALID_DATE"),
    ({"range": {"start": "2023-06-30", "end": "2023-06-29"}}, "range", "INVALID_RANGE"),
    (
        {"range": {"start": "2011-12-30", "end": "2011-12-30"}, "zone": "Pacific/Apia"},
        "range",
        "INVALID_RANGE",
    ),
    ({"range": {"start": "2013-06-07", "end": "2023-06-15"}}, "range", "RANGE_TOO_WIDE"),
]


async def test_an_argument_that_makes_no_sense_is_named(studio: Studio) -> None:
    for arguments, argument, reason in ERRORS:
        given = {"range": {"start": "2023-06-01", "end": "2023-06-30"}, "interval": "DAY", **arguments}
        answer = await studio.ask(VIEWS, "owner", **given)

        assert answer.body["data"] == {"publication": {"name": "Ai Research Studio", "views": None}}
        assert answer.errors == [("BAD_USER_INPUT", "publication.views")]
        assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": argument, "reason": reason}


async def test_the_widest_range_has_as_many_days_as_the_limits_say_in_every_zone(studio: Studio) -> None:
    """A year in which clocks are set back more often than forward is still a year."""
    for zone in ("UTC", "America/New_York", "Europe/Paris", "Africa/Cairo", "Pacific/Apia"):
        await asked(studio, "2013-06-08", "2023-06-15", "MONTH", zone=zone)
        answer = await studio.ask(
            VIEWS,
            "owner",
            range={"start": "2013-06-07", "end": "2023-06-15"},
            interval="MONTH",
            zone=zone,
        )
        assert answer.extensions["reason"] == "RANGE_TOO_WIDE"
