from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from resolvers.context import Limits
from server.app import create_app
from server.settings import Settings
from tests.events import record, set_time_zone, view
from tests.studio import START, Answer, Studio

FIGURES = """totalViews totalLikes totalBookmarks totalShares totalComments totalAppointments
             monthlyActiveUsers generatedAt"""
METRICS = f"""query($range: DateRange) {{ publication(url: "ai-research-studio") {{
  name metrics(range: $range) {{ {FIGURES} previous {{ {FIGURES} previous {{ totalViews }} }} }}
}} }}"""
NOTHING = {
    "totalViews": 0,
    "totalLikes": 0,
    "totalBookmarks": 0,
    "totalShares": 0,
    "totalComments": 0,
    "totalAppointments": 0,
    "monthlyActiveUsers": 0,
    "generatedAt": "2023-06-15T12:00:00Z",
}
ON = "(publicationId: $p) { publication { id } }"
LIKE = f"mutation($p: ID!) {{ likePublication{ON} }}"
UNLIKE = f"mutation($p: ID!) {{ unlikePublication{ON} }}"
BOOKMARK = f"mutation($p: ID!) {{ bookmarkPublication{ON} }}"
UNBOOKMARK = f"mutation($p: ID!) {{ unbookmarkPublication{ON} }}"
SHARE = f"mutation($p: ID!) {{ sharePublication{ON} }}"
COMMENT = """mutation($p: ID!) {
  commentOnPublication(input: {publicationId: $p, body: "Well done"}) { comment { id } }
}"""
BOOK = """mutation($p: ID!, $at: DateTime!, $until: DateTime!) {
  bookAppointment(input: {publicationId: $p, startsAt: $at, endsAt: $until}) { appointment { id } }
}"""
EVERY_ACTIVITY = ("like", "bookmark", "share", "comment", "book")


def text(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}"


async def do(studio: Studio, what: str, by: str) -> str:
    """The id of what came of it."""
    match what:
        case "book":
            at = studio.clock.now + timedelta(days=1, minutes=list(studio.people).index(by))
            slot = {"at": f"{text(at)}Z", "until": f"{text(at + timedelta(minutes=1))}Z"}
            made = (await studio.ask(BOOK, by, p=studio.publication, **slot)).data
            id: str = made["bookAppointment"]["appointment"]["id"]
        case "comment":
            made = (await studio.ask(COMMENT, by, p=studio.publication)).data
            id = made["commentOnPublication"]["comment"]["id"]
        case _:
            mutation = {
                "like": LIKE,
                "unlike": UNLIKE,
                "bookmark": BOOKMARK,
                "unbookmark": UNBOOKMARK,
                "share": SHARE,
            }
            ((_, made),) = (await studio.ask(mutation[what], by, p=studio.publication)).data.items()
            id = made["publication"]["id"]
    return id


async def take_back(studio: Studio, mutation: str, by: str, id: str) -> None:
    assert (
        await studio.ask(f"mutation($id: ID!) {{ {mutation}(id: $id) {{ __typename }} }}", by, id=id)
    ).data


async def metrics(studio: Studio, start: str | None = None, end: str | None = None) -> dict[str, Any]:
    """As the co-creator sees them: freshly computed whenever a maker reported something."""
    range = {"start": start, "end": end} if start else None
    found: dict[str, Any] = (await studio.ask(METRICS, "cocreator", range=range)).data["publication"][
        "metrics"
    ]
    return found


async def test_what_people_did_is_counted_of_all_time(studio: Studio) -> None:
    await record(studio, [view("1970-01-02T00:00:00"), view("2020-02-29T23:59:59.999999")])
    for by in ("stranger", "member", "admin"):
        await do(studio, "like", by)
    for by in ("stranger", "member"):
        await do(studio, "bookmark", by)
    for _ in range(4):
        await do(studio, "share", "stranger")
    for _ in range(5):
        await do(studio, "comment", "admin")
    for _ in range(6):
        studio.clock.advance(hours=1)
        await do(studio, "book", "member")
    await record(studio, [view("2023-06-15T12:00:00")])

    assert await metrics(studio) == {
        "totalViews": 3,
        "totalLikes": 3,
        "totalBookmarks": 2,
        "totalShares": 4,
        "totalComments": 5,
        "totalAppointments": 6,
        "monthlyActiveUsers": 3,
        "generatedAt": "2023-06-15T18:00:00Z",
        "previous": None,
    }


async def test_what_is_taken_back_is_not_counted_on_the_day_on_which_it_was_made(studio: Studio) -> None:
    made = {what: await do(studio, what, "stranger") for what in EVERY_ACTIVITY}
    studio.clock.advance(days=1)
    await do(studio, "unlike", "stranger")
    await do(studio, "unbookmark", "stranger")
    await take_back(studio, "deleteComment", "stranger", made["comment"])
    await take_back(studio, "cancelAppointment", "stranger", made["book"])
    await do(studio, "like", "stranger")

    nothing = NOTHING | {"monthlyActiveUsers": 1, "generatedAt": "2023-06-16T12:00:00Z"}
    of_first_day = await metrics(studio, "2023-06-15", "2023-06-15")
    assert of_first_day | {"previous": None} == nothing | {"totalShares": 1, "previous": None}
    of_second_day = await metrics(studio, "2023-06-16", "2023-06-16")
    assert of_second_day | {"previous": None} == nothing | {"totalLikes": 1, "previous": None}
    of_all_time = await metrics(studio)
    assert of_all_time == nothing | {"totalShares": 1, "totalLikes": 1, "previous": None}


async def test_a_range_counts_what_happened_within_it(studio: Studio) -> None:
    for _ in range(3):
        for what in EVERY_ACTIVITY:
            await do(studio, what, "stranger")
        await do(studio, "unlike", "stranger")
        await do(studio, "like", "stranger")
        await do(studio, "unbookmark", "stranger")
        studio.clock.advance(days=1)
    await record(studio, [view("2023-06-14T23:59:59"), view("2023-06-16T10:00:00", domain="example.com")])

    of_one_day = await metrics(studio, "2023-06-16", "2023-06-16")
    of_two_days = await metrics(studio, "2023-06-15", "2023-06-16")
    of_years = await metrics(studio, "2020-01-01", "2023-12-31")

    def some(**figures: int) -> dict[str, Any]:
        return NOTHING | {"monthlyActiveUsers": 1, "generatedAt": "2023-06-18T12:00:00Z"} | figures

    assert [found | {"previous": None} for found in (of_one_day, of_two_days, of_years)] == [
        some(totalViews=1, totalShares=1, totalComments=1, totalAppointments=1) | {"previous": None},
        some(totalViews=1, totalShares=2, totalComments=2, totalAppointments=2) | {"previous": None},
        some(totalViews=2, totalLikes=1, totalShares=3, totalComments=3, totalAppointments=3)
        | {"monthlyActiveUsers": 0, "previous": None},
    ]


async def test_previous_has_the_figures_of_the_range_of_equal_length_just_before(studio: Studio) -> None:
    user_id = studio.people["member"].id
    times = {
        "2023-05-31T23:59:59.999999": 1,
        "2023-06-01T00:00:00": 2,
        "2023-06-02T23:59:59.999999": 4,
        "2023-06-03T00:00:00": 8,
        "2023-06-04T23:59:59.999999": 16,
        "2023-06-05T00:00:00": 32,
    }
    await record(studio, [view(at, user_id=user_id) for at, count in times.items() for _ in range(count)])

    found = await metrics(studio, "2023-06-03", "2023-06-04")

    assert found == {
        **NOTHING,
        "totalViews": 8 + 16,
        "monthlyActiveUsers": 1,
        "previous": {
            **NOTHING,
            "totalViews": 2 + 4,
            "monthlyActiveUsers": 1,
            "previous": {"totalViews": 1},
        },
    }


INSTANTS = [
    "2023-06-03T23:59:59.999999",
    "2023-06-04T00:00:00",
    "2023-06-04T00:00:00.000001",
    "2023-06-04T12:00:00",
    "2023-06-04T23:59:59.5",
    "2023-06-05T00:00:00",
    "2023-06-05T00:00:00.999999",
    "2023-06-05T00:00:01",
]
RANGES = [
    ("2023-06-04", "2023-06-04", {1, 2, 3, 4}),
    ("2023-06-04T00:00:00Z", "2023-06-04T23:59:59Z", {1, 2, 3, 4}),
    ("2023-06-04T00:00", "2023-06-04T23:59:59", {1, 2, 3, 4}),
    ("2023-06-04T00:00:00", "2023-06-04T23:59:59.000001", {1, 2, 3, 4}),
    ("2023-06-04T02:00:00+02:00", "2023-06-05T05:29:59+05:30", {1, 2, 3, 4}),
    ("2023-06-04", "2023-06-04T23:59:58Z", {1, 2, 3}),
    ("2023-06-04", "2023-06-05T00:00:00Z", {1, 2, 3, 4, 5, 6}),
    ("2023-06-04T00:00:00.000001Z", "2023-06-04", {2, 3, 4}),
    ("2023-06-04T00:00:00.000002Z", "2023-06-05T00:00:01Z", {3, 4, 5, 6, 7}),
    ("2023-06-04T12:00:00Z", "2023-06-04T12:00:00Z", {3}),
    ("2023-06-03T23:59:59Z", "2023-06-04T00:00:00Z", {0, 1, 2}),
    ("2023-06-03", "2023-06-03", {0}),
    ("2023-06-05", "2023-06-30", {5, 6, 7}),
    ("1970-01-02", "1979-12-31", set()),
]


async def report_instants(studio: Studio) -> None:
    """Each so often that any sum tells which of them are in it."""
    await record(studio, [view(at) for n, at in enumerate(INSTANTS) for _ in range(2**n)])


@pytest.mark.parametrize("time_zone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
async def test_both_ends_of_a_range_are_included_to_the_second(studio: Studio, time_zone: str) -> None:
    await set_time_zone(studio, "owner", time_zone)
    await report_instants(studio)

    counted = {(start, end): (await metrics(studio, start, end))["totalViews"] for start, end, _ in RANGES}

    assert counted == {(start, end): sum(2**n for n in found) for start, end, found in RANGES}


async def test_monthly_active_users_are_those_of_the_30_days_that_end_now(studio: Studio) -> None:
    begin = START - timedelta(days=30)
    ids = {name: person.id for name, person in studio.people.items()}
    await record(
        studio,
        [
            view(text(begin - timedelta(microseconds=1)), user_id=ids["owner"]),
            view(text(begin - timedelta(microseconds=1)), user_id=ids["admin"]),
            view(text(begin), user_id=ids["member"]),
            view(text(begin + timedelta(microseconds=1)), user_id=ids["stranger"]),
            view(text(START), user_id=ids["stranger"]),
            view(text(START)),
            view(text(START)) | {"visitor": "somebody"},
        ],
    )
    assert (await metrics(studio))["monthlyActiveUsers"] == 2
    # An earlier activity that is told later makes nobody less active.
    await record(studio, [view("2020-01-01T00:00:00", user_id=ids["stranger"])])
    assert (await metrics(studio))["monthlyActiveUsers"] == 2
    studio.clock.advance(microseconds=1)
    await record(studio, [view("2020-01-01T00:00:00", user_id=ids["owner"])])
    assert (await metrics(studio))["monthlyActiveUsers"] == 1


async def test_monthly_active_users_of_a_range_are_those_of_the_30_days_that_end_with_it(
    studio: Studio,
) -> None:
    ids = {name: person.id for name, person in studio.people.items()}
    await record(
        studio,
        [
            view("2023-05-05T23:59:59.999999", user_id=ids["owner"]),
            view("2023-05-06T00:00:00", user_id=ids["admin"]),
            view("2023-05-20T12:00:00", user_id=ids["member"]),
            view("2023-06-04T12:00:00", user_id=ids["member"]),
            view("2023-06-04T12:00:00"),
            view("2023-06-04T23:59:59.999999", user_id=ids["stranger"]),
            view("2023-06-05T00:00:00", user_id=ids["cocreator"]),
        ],
    )

    async def active(start: str, end: str) -> int:
        found: int = (await metrics(studio, start, end))["monthlyActiveUsers"]
        return found

    assert await active("2023-06-04", "2023-06-04") == 3
    assert await active("2023-06-04T23:59:59Z", "2023-06-04T23:59:59Z") == 3
    assert await active("2023-06-04", "2023-06-04T23:59:58Z") == 3 - 1 + 1
    assert await active("2023-06-04", "2023-06-05T00:00:00Z") == 3
    assert await active("2023-06-05", "2023-06-30") == 3
    assert (await metrics(studio, "2023-06-05", "2023-06-30"))["previous"]["monthlyActiveUsers"] == 3
    assert await active("2023-05-05", "2023-05-05") == 1


async def test_every_activity_makes_somebody_active(studio: Studio) -> None:
    people = ("stranger", "member", "admin", "owner", "cocreator")
    for active, (by, activity) in enumerate(zip(people, EVERY_ACTIVITY, strict=True), 1):
        await do(studio, activity, by)
        studio.clock.advance(hours=1)
        assert (await metrics(studio))["monthlyActiveUsers"] == active
        assert (await metrics(studio, "2023-06-15", "2023-06-15"))["monthlyActiveUsers"] == active


async def test_taking_back_is_no_activity(studio: Studio) -> None:
    await do(studio, "like", "stranger")
    studio.clock.advance(days=30)
    await do(studio, "unlike", "stranger")
    assert (await metrics(studio))["monthlyActiveUsers"] == 1
    studio.clock.advance(microseconds=1)
    await do(studio, "share", "cocreator")
    assert (await metrics(studio))["monthlyActiveUsers"] == 1
    assert (await metrics(studio, "2023-06-15", "2023-07-15"))["monthlyActiveUsers"] == 1
    until = "2023-07-15T11:59:59Z"
    assert (await metrics(studio, "2023-06-15", until))["monthlyActiveUsers"] == 1
    assert (await metrics(studio, "2023-06-15", "2023-07-15T12:00:00Z"))["monthlyActiveUsers"] == 1


async def test_figures_say_when_they_were_computed(studio: Studio) -> None:
    studio.clock.advance(seconds=1, microseconds=1)
    found = await metrics(studio, "2023-06-15", "2023-06-15")
    assert found["generatedAt"] == found["previous"]["generatedAt"] == "2023-06-15T12:00:01.000001Z"


LIMIT_DAYS = 3660
BAD_RANGES = [
    ("yesterday", "2023-06-04", "range.start", "INVALID_DATE"),
    ("", "2023-06-04", "range.start", "INVALID_DATE"),
    ("2023-06-04", "2023-02-29", "range.end", "INVALID_DATE"),
    ("2023-06-04", "2023-06-04T23:59:59+0200", "range.end", "INVALID_DATE"),
    ("1969-12-31", "2023-06-04", "range.start", "INVALID_DATE"),
    ("2023-06-05", "2023-06-04", "range", "INVALID_RANGE"),
    ("2023-06-04T00:00:01", "2023-06-04T00:00:00", "range", "INVALID_RANGE"),
    ("2013-06-07", "2023-06-15", "range", "RANGE_TOO_WIDE"),
    ("2013-06-07T12:00:00Z", "2023-06-15T12:00:00Z", "range", "RANGE_TOO_WIDE"),
    ("1970-01-01", "2999-12-31", "range", "RANGE_TOO_WIDE"),
]


async def test_ranges_that_make_no_sense_are_refused_and_leave_their_siblings_alone(studio: Studio) -> None:
    await report_instants(studio)
    refused = " ".join(
        f'r{n}: metrics(range: {{start: "{start}", end: "{end}"}}) {{ totalViews }}'
        for n, (start, end, _, _) in enumerate(BAD_RANGES)
    )
    answer = await studio.ask(
        f"""{{ publication(url: "ai-research-studio") {{
          name metrics {{ totalViews }} {refused}
          day: metrics(range: {{start: "2023-06-03", end: "2023-06-03"}}) {{ totalViews }}
        }} }}""",
        "owner",
    )

    assert answer.body["data"]["publication"] == {
        "name": "Ai Research Studio",
        "metrics": {"totalViews": 2 ** len(INSTANTS) - 1},
        **{f"r{n}": None for n in range(len(BAD_RANGES))},
        "day": {"totalViews": 1},
    }
    assert refusals(answer) == [
        (f"r{n}", "BAD_USER_INPUT", argument, reason) for n, (_, _, argument, reason) in enumerate(BAD_RANGES)
    ]


def refusals(answer: Answer) -> list[tuple[str, ...]]:
    """Field, code, argument and reason of each, in order of the fields."""
    return sorted(
        (error["path"][1], *(error["extensions"][name] for name in ("code", "argument", "reason")))
        for error in answer.body["errors"]
    )


async def test_the_widest_range_is_as_wide_as_the_limits_say(studio: Studio) -> None:
    assert (await studio.ask("{ limits { maxRangeDays } }")).data == {"limits": {"maxRangeDays": LIMIT_DAYS}}
    await record(studio, [view("2013-06-08T00:00:00"), view("2013-06-07T23:59:59.999999")])

    assert (await metrics(studio, "2013-06-08", "2023-06-15"))["totalViews"] == 1
    assert (await metrics(studio, "2013-06-07T12:00:00Z", "2023-06-15T11:59:59Z"))["totalViews"] == 2


async def test_a_stranger_learns_nothing_of_figures_not_even_by_their_errors(studio: Studio) -> None:
    def denied(code: str, answer: Answer) -> bool:
        return answer.body["data"]["publication"]["metrics"] is None and answer.errors == [
            (code, "publication.metrics")
        ]

    for range in (None, {"start": "2023-06-04", "end": "2023-06-04"}, {"start": "x", "end": "y"}):
        assert denied("FORBIDDEN", await studio.ask(METRICS, "stranger", range=range))
        assert denied("UNAUTHENTICATED", await studio.ask(METRICS, range=range))


async def test_experiences_are_counted_by_type(studio: Studio) -> None:
    types = ["AI_EXPERT", "AI_NOTE", "AI_NOTE", "QUEST", "QUEST", "QUEST", "PODCAST"]
    for by, type in zip(["owner", "cocreator"] * 4, types, strict=False):
        published = await studio.ask(
            """mutation($p: ID!, $type: ExperienceType!) {
              publishExperience(input: {publicationId: $p, type: $type, title: "One"}) { experience { id } }
            }""",
            by,
            p=studio.publication,
            type=type,
        )
        assert published.data
    studio.clock.advance(seconds=1)
    await studio.add_publication("another", "owner")

    shown = "customUrl experienceCounts { aiExpert aiNote quest podcast total }"
    answer = await studio.ask(
        f"{{ viewer {{ publications {{ edges {{ node {{ {shown} }} }} }} }} }}", "owner"
    )

    assert [edge["node"] for edge in answer.data["viewer"]["publications"]["edges"]] == [
        {
            "customUrl": "ai-research-studio",
            "experienceCounts": {"aiExpert": 1, "aiNote": 2, "quest": 3, "podcast": 1, "total": 7},
        },
        {
            "customUrl": "another",
            "experienceCounts": {"aiExpert": 0, "aiNote": 0, "quest": 0, "podcast": 0, "total": 0},
        },
    ]


async def test_social_metrics_are_those_of_the_owner_whoever_of_the_makers_asks(studio: Studio) -> None:
    follows = [
        ("stranger", "owner"),
        ("member", "owner"),
        ("admin", "owner"),
        ("owner", "stranger"),
        ("cocreator", "stranger"),
        ("stranger", "cocreator"),
        ("owner", "cocreator"),
    ]
    for follower, followed in follows:
        followed_id = studio.people[followed].id
        answer = await studio.ask(
            "mutation($u: ID!) { followUser(userId: $u) { user { id } } }", follower, u=followed_id
        )
        assert answer.data == {"followUser": {"user": {"id": followed_id}}}

    for maker in ("owner", "cocreator"):
        answer = await studio.ask(
            '{ publication(url: "ai-research-studio") { socialMetrics { followersCount followingCount } } }',
            maker,
        )
        assert answer.data == {"publication": {"socialMetrics": {"followersCount": 3, "followingCount": 2}}}


async def test_ranges_before_ranges_end_where_the_calendar_does(studio: Studio) -> None:
    """Of ranges of a thousand years, the second one before this would start before the year 1."""
    services = replace(studio.services, limits=Limits(range_days=400_000))
    transport = httpx.ASGITransport(app=create_app(Settings(), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        ages = replace(studio, services=services, client=client)
        for kind, viewer, asked in (
            ("publication", "owner", '(url: "ai-research-studio")'),
            ("organization", "admin", f'(id: "{studio.organization}")'),
        ):
            answer = await ages.ask(
                f"""query($range: DateRange!) {{ {kind}{asked} {{
                  metrics(range: $range) {{ previous {{ previous {{ __typename }} }} }} }} }}""",
                viewer,
                range={"start": "1970-01-01", "end": "2969-12-31"},
            )

            assert answer.body["data"] == {kind: {"metrics": {"previous": {"previous": None}}}}
            assert answer.errors == [("BAD_USER_INPUT", f"{kind}.metrics.previous.previous")]
            assert answer.extensions == {
                "code": "BAD_USER_INPUT",
                "argument": "range",
                "reason": "INVALID_RANGE",
            }
