"""What people do to a publication over time, and what of it they take back."""

from typing import Any

import pytest

from tests.events import record, set_time_zone, view
from tests.graph.test_metrics import do, take_back
from tests.studio import Studio

ACTIONS = """query(
  $action: PublicationAction!, $range: DateRange!, $interval: DateInterval! = DAY, $zone: TimeZone,
  $by: [ViewDimension!], $of: String, $zeros: Boolean! = false, $week: WeekStart! = MONDAY
) {
  publication(url: "ai-research-studio") {
    actions(action: $action, range: $range, interval: $interval, timeZone: $zone, groupBy: $by, domain: $of,
      zeroFill: $zeros, weekStart: $week
    ) {
      interval count takenBack
      points { dateInterval deviceCategory domain isRunning count takenBack }
    }
    metrics(range: $range, timeZone: $zone) {
      totalViews totalLikes totalBookmarks totalShares totalComments totalAppointments
      takenBack { likes bookmarks comments appointments }
    }
  }
}"""
TOTALS = {
    "VIEW": ("totalViews", None),
    "LIKE": ("totalLikes", "likes"),
    "BOOKMARK": ("totalBookmarks", "bookmarks"),
    "SHARE": ("totalShares", None),
    "COMMENT": ("totalComments", "comments"),
    "BOOK": ("totalAppointments", "appointments"),
}
JUNE = ("2023-06-01", "2023-06-30")

Table = list[tuple[Any, ...]]


async def asked(
    studio: Studio, action: str, start: str = JUNE[0], end: str = JUNE[1], **arguments: Any
) -> dict[str, Any]:
    """The series adds up to itself, and to what `metrics` says of the same range."""
    given = {"action": action, "range": {"start": start, "end": end}, **arguments}
    found = (await studio.ask(ACTIONS, "cocreator", **given)).data["publication"]
    series: dict[str, Any] = found["actions"]
    for figure in ("count", "takenBack"):
        assert series[figure] == sum(point[figure] for point in series["points"])
    if "of" not in arguments:
        total, taken_back = TOTALS[action]
        assert series["count"] == found["metrics"][total]
        assert series["takenBack"] == (found["metrics"]["takenBack"][taken_back] if taken_back else 0)
    return series


async def table(studio: Studio, action: str, *ends: str, **arguments: Any) -> Table:
    series = await asked(studio, action, *ends, **arguments)
    return [(point["dateInterval"], point["count"], point["takenBack"]) for point in series["points"]]


async def refresh(studio: Studio) -> None:
    """Figures of the hour are made anew after what a maker did."""
    await do(studio, "bookmark", "owner")
    await do(studio, "unbookmark", "owner")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
async def test_every_action_has_a_series_that_says_what_was_taken_back(studio: Studio, zone: str) -> None:
    """On June 15th and 16th each is done; on the 20th, of the first day's all that can is taken back."""
    await set_time_zone(studio, "owner", zone)
    first = {what: await do(studio, what, "stranger") for what in ("like", "bookmark", "comment", "book")}
    await do(studio, "share", "stranger")
    studio.clock.advance(days=1)
    for what in ("like", "bookmark", "comment", "book", "share"):
        await do(studio, what, "member")
    studio.clock.advance(days=4)
    await do(studio, "unlike", "stranger")
    await do(studio, "unbookmark", "stranger")
    await take_back(studio, "deleteComment", "stranger", first["comment"])
    await take_back(studio, "cancelAppointment", "stranger", first["book"])
    await record(studio, [view("2023-06-15T10:00:00"), view("2023-06-18T10:00:00")])
    await refresh(studio)

    for action in ("LIKE", "COMMENT", "BOOK"):
        assert await table(studio, action) == [("20230615", 0, 1), ("20230616", 1, 0)]
    assert await table(studio, "BOOKMARK") == [("20230615", 0, 1), ("20230616", 1, 0), ("20230620", 0, 1)]
    assert await table(studio, "SHARE") == [("20230615", 1, 0), ("20230616", 1, 0)]
    assert await table(studio, "VIEW") == [("20230615", 1, 0), ("20230618", 1, 0)]
    assert await table(studio, "LIKE", interval="MONTH") == [("202306", 1, 1)]
    assert await table(studio, "LIKE", interval="HOUR", zone=zone) == [
        ("2023061512" if zone == "UTC" else "2023061517", 0, 1),
        ("2023061612" if zone == "UTC" else "2023061617", 1, 0),
    ]


async def test_a_booking_that_is_cancelled_is_taken_back_on_the_day_it_was_booked(studio: Studio) -> None:
    booked = await do(studio, "book", "stranger")
    await do(studio, "book", "member")
    studio.clock.advance(hours=13)
    await take_back(studio, "cancelAppointment", "stranger", booked)

    assert await table(studio, "BOOK") == [("20230615", 1, 1)]


async def test_growth_can_be_told_without_what_only_the_older_range_had_time_to_lose(studio: Studio) -> None:
    """In May three liked and two no longer do; in June two like. What stands doubled, what was done fell."""
    studio.clock.advance(days=-31)
    for by in ("stranger", "member", "admin"):
        await do(studio, "like", by)
    studio.clock.advance(days=31)
    for by in ("stranger", "member"):
        await do(studio, "unlike", by)
        await do(studio, "like", by)
    answer = await studio.ask(
        """{ publication(url: "ai-research-studio") {
          metrics(range: {start: "2023-06-01", end: "2023-06-30"}) {
            totalLikes takenBack { likes } previous { totalLikes takenBack { likes } }
          }
        } }""",
        "owner",
    )

    assert answer.data["publication"]["metrics"] == {
        "totalLikes": 2,
        "takenBack": {"likes": 0},
        "previous": {"totalLikes": 1, "takenBack": {"likes": 2}},
    }
    assert await table(studio, "LIKE", "2023-05-01", "2023-06-30", interval="MONTH") == [
        ("202305", 1, 2),
        ("202306", 2, 0),
    ]


async def test_what_is_taken_back_and_done_again_counts_both_times(studio: Studio) -> None:
    for what in ("like", "unlike", "like", "unlike", "like"):
        await do(studio, what, "stranger")

    assert await table(studio, "LIKE") == [("20230615", 1, 2)]


async def test_zeros_are_filled_in(studio: Studio) -> None:
    await do(studio, "like", "stranger")
    await do(studio, "unlike", "stranger")
    span = ("2023-06-14", "2023-06-16")

    assert await table(studio, "LIKE", *span, zeros=True) == [
        ("20230614", 0, 0),
        ("20230615", 0, 1),
        ("20230616", 0, 0),
    ]
    assert await table(studio, "SHARE", *span) == []
    assert await table(studio, "SHARE", *span, zeros=True) == [
        ("20230614", 0, 0),
        ("20230615", 0, 0),
        ("20230616", 0, 0),
    ]


async def test_weeks_start_where_they_are_asked_to(studio: Studio) -> None:
    """2023-06-04 is a Sunday."""
    await record(studio, [{**view("2023-06-04T12:00:00"), "action": "SHARE"}])

    assert await table(studio, "SHARE", interval="WEEK") == [("202322", 1, 0)]
    assert await table(studio, "SHARE", interval="WEEK", week="SUNDAY") == [("202323", 1, 0)]


async def test_views_of_a_publication_take_the_same_questions(studio: Studio) -> None:
    await record(studio, [view("2023-06-04T12:00:00", device="MOBILE")])
    answer = await studio.ask(
        """{ publication(url: "ai-research-studio") {
          views(range: {start: "2023-06-04", end: "2023-06-11"}, interval: WEEK, weekStart: SUNDAY,
            zeroFill: true, groupBy: [DEVICE]) { count points { dateInterval deviceCategory count } }
        } }""",
        "owner",
    )

    assert answer.data["publication"]["views"] == {
        "count": 1,
        "points": [
            {"dateInterval": "202323", "deviceCategory": "MOBILE", "count": 1},
            {"dateInterval": "202324", "deviceCategory": "MOBILE", "count": 0},
        ],
    }


async def test_what_is_just_outside_of_a_range_shows_no_point_and_no_group(studio: Studio) -> None:
    """A week of Berlin begins two hours before a day of UTC. Whole days are read, and these hours are
    subtracted: nothing is left of what happened in them alone.
    """
    outside = {"device": "TABLET", "domain": "outside.example"}
    await record(
        studio,
        [
            view("2023-06-04T21:30:00", device="MOBILE", domain="a.example"),
            view("2023-06-04T22:30:00", device="DESKTOP", domain="b.example"),
            view("2023-06-11T22:30:00", **outside),
            *[view("2023-06-11T22:00:00", **outside) for _ in range(3)],
        ],
    )
    weeks = ("2023-05-29", "2023-06-11")
    given: dict[str, Any] = {"interval": "WEEK", "zone": "Europe/Berlin"}
    splits = {"DEVICE": "deviceCategory", "DOMAIN": "domain"}

    for by, column in splits.items():
        for zeros in (False, True):
            series = await asked(studio, "VIEW", *weeks, **given, by=[by], zeros=zeros)
            points = [(point["dateInterval"], point[column], point["count"]) for point in series["points"]]
            one, other = ("DESKTOP", "MOBILE") if by == "DEVICE" else ("b.example", "a.example")
            assert sorted(points) == sorted(
                [("202322", other, 1), ("202323", one, 1)]
                + ([("202322", one, 0), ("202323", other, 0)] if zeros else [])
            )
    assert await table(studio, "VIEW", *weeks, **given) == [("202322", 1, 0), ("202323", 1, 0)]
    days = await table(studio, "VIEW", "2023-06-05", "2023-06-05", interval="DAY", zone="Europe/Berlin")
    assert days == [("20230605", 1, 0)]
    assert await table(studio, "VIEW", "2023-06-06", "2023-06-11", zone="Europe/Berlin") == []


async def test_actions_are_told_by_device_and_site(studio: Studio) -> None:
    await record(
        studio,
        [
            {**view("2023-06-04T12:00:00", device="MOBILE", domain="a.example"), "action": "SHARE"},
            {**view("2023-06-04T13:00:00", device="MOBILE", domain="b.example"), "action": "SHARE"},
            view("2023-06-04T13:00:00", device="MOBILE", domain="a.example"),
        ],
    )
    by_both = await asked(studio, "SHARE", by=["DEVICE", "DOMAIN"])
    assert [(point["deviceCategory"], point["domain"], point["count"]) for point in by_both["points"]] == [
        ("MOBILE", "a.example", 1),
        ("MOBILE", "b.example", 1),
    ]
    assert (await asked(studio, "SHARE", of="a.example"))["count"] == 1


@pytest.mark.parametrize(
    ("given", "argument", "reason"),
    [
        ({"by": ["ASSET"]}, "groupBy", "INVALID_GROUPING"),
        ({"zone": "Mars/Olympus"}, "timeZone", "INVALID_TIME_ZONE"),
        ({"range": {"start": "2023-06-30", "end": "2023-06-29"}}, "range", "INVALID_RANGE"),
    ],
)
async def test_an_argument_that_makes_no_sense_is_named(
    studio: Studio, given: dict[str, Any], argument: str, reason: str
) -> None:
    query = ACTIONS[: ACTIONS.index("    metrics(")] + "} }"
    arguments = {"action": "LIKE", "range": {"start": "2023-06-01", "end": "2023-06-30"}, **given}
    answer = await studio.ask(query, "owner", **arguments)

    assert answer.body["data"] == {"publication": {"actions": None}}
    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": argument, "reason": reason}


async def test_only_makers_see_what_people_do(studio: Studio) -> None:
    await do(studio, "like", "stranger")
    query = """{ publication(url: "ai-research-studio") {
      actions(action: LIKE, range: {start: "2023-06-01", end: "2023-06-30"}, interval: DAY) { count }
    } }"""
    for viewer, code in (("stranger", "FORBIDDEN"), ("admin", "FORBIDDEN"), (None, "UNAUTHENTICATED")):
        answer = await studio.ask(query, viewer)
        assert answer.body["data"] == {"publication": {"actions": None}}
        assert answer.errors == [(code, "publication.actions")]
    assert (await studio.ask(query, "owner")).data == {"publication": {"actions": {"count": 1}}}
