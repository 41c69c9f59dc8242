"""The demo's numbers as the API gives them, against a count of its events in plain Python."""

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models import Action, Device, ExperienceType
from server.demo.sign_ins import ACCOUNTS, PASSWORD
from tests.server.demo.conftest import END, FIRST_DAY, Demo, Rows, played
from tests.studio import START as NOW
from tests.studio import Studio

FIGURES = """views: totalViews likes: totalLikes bookmarks: totalBookmarks shares: totalShares
  comments: totalComments appointments: totalAppointments active: monthlyActiveUsers"""
METRICS = f"""query($url: String!, $range: DateRange) {{ publication(url: $url) {{
  metrics(range: $range) {{ {FIGURES} previous {{ {FIGURES} }} previousOfEqualLength {{ {FIGURES} }} }}
}} }}"""
COUNTS = """query($url: String!) { publication(url: $url) {
  experienceCounts { AI_EXPERT: aiExpert AI_NOTE: aiNote QUEST: quest PODCAST: podcast total }
  socialMetrics { followersCount followingCount }
} }"""
VIEWS = """query($url: String!, $range: DateRange!, $interval: DateInterval!, $timeZone: TimeZone,
    $groupBy: [ViewDimension!], $domain: String) {
  publication(url: $url) {
    views(range: $range, interval: $interval, timeZone: $timeZone, groupBy: $groupBy, domain: $domain) {
      count points { dateInterval deviceCategory domain count }
    }
  }
}"""
LOGIN = """mutation($email: String!, $password: String!) {
  login(input: {password: {email: $email, password: $password}}) { viewer { username } }
}"""
TOTALS = (
    "day_totals",
    "month_totals",
    "subject_totals",
    "active_users",
    "follow_totals",
    "experience_totals",
)
ACTIVITIES = (Action.VIEW, Action.LIKE, Action.BOOKMARK, Action.SHARE, Action.COMMENT, Action.BOOK)
# How many there are depends on the day of the week.
BY_DAY = (Action.VIEW, Action.VIEW_3D, Action.AR_CLICK, Action.AR_SCAN, Action.INTERACTION)


def owners(rows: Rows) -> list[tuple[Any, str]]:
    """Each publication, and its owner's name."""
    names = {row.id: row.username for row in rows["users"]}
    made = sorted(rows["publications"], key=lambda row: row.id)
    return [(row, names[row.owner_id]) for row in made]


def recount(
    events: list[Any], within: Callable[[datetime], bool], active_within: Callable[[datetime], bool]
) -> dict[str, int]:
    """What is taken back stands at the time at which it was done."""
    n = Counter(Action(event.action) for event in events if within(event.occurred_at))
    active = {
        event.user_id
        for event in events
        if event.user_id is not None and event.action in ACTIVITIES and active_within(event.occurred_at)
    }
    return {
        "views": n[Action.VIEW],
        "likes": n[Action.LIKE] - n[Action.UNLIKE],
        "bookmarks": n[Action.BOOKMARK] - n[Action.UNBOOKMARK],
        "shares": n[Action.SHARE],
        "comments": n[Action.COMMENT] - n[Action.UNCOMMENT],
        "appointments": n[Action.BOOK] - n[Action.CANCEL],
        "active": len(active),
    }


def test_the_demo_is_a_year_in_the_life_of_20_people_10_publications_and_13_assets(demo: Demo) -> None:
    rows = demo.rows
    sizes = {
        "users": 20,
        "publications": 10,
        "organizations": 1,
        "workspaces": 3,
        "assets": 13,
        "asset_formats": 39,
        "asset_domains": 4,
        "user_insights": 10,
    }
    assert {table: len(rows[table]) for table in sizes} == sizes
    research = next(row for row in rows["publications"] if row.custom_url == "ai-research-studio")
    viewed = {
        event.occurred_at.date()
        for event in rows["events"]
        if event.subject_id == research.id and event.action == Action.VIEW
    }
    assert viewed == {(FIRST_DAY + timedelta(days=day)).date() for day in range(365)}


def test_nothing_lies_outside_of_the_365_days_before_today(demo: Demo) -> None:
    # A slot may be booked for later.
    later = {"starts_at", "ends_at"}
    outside = [
        (table, column, value)
        for table, rows in demo.rows.items()
        for row in rows
        for column, value in row._mapping.items()
        if isinstance(value, datetime) and column not in later and not FIRST_DAY <= value <= END
    ]
    assert outside == []
    days = {row.day for row in demo.rows["day_totals"]}
    assert (min(days), max(days)) == (FIRST_DAY.date(), (END - timedelta(days=1)).date())


def test_two_moments_of_one_day_give_the_same_numbers(sqlite_demo: Demo, postgresql_demo: Demo) -> None:
    """Ids of events and of people's things are drawn anew; what is counted is not."""
    first, second = sqlite_demo.rows, postgresql_demo.rows

    counted = ("users", "likes", "bookmarks", "comments", "appointments", "follows", "experiences", "events")
    assert [len(first[table]) for table in counted] == [len(second[table]) for table in counted]
    for table in (*TOTALS, "likes", "bookmarks", "follows"):
        assert first[table] == second[table]
    assert [row.name for row, _ in owners(first)] == [row.name for row, _ in owners(second)]


def test_another_day_has_other_views_and_the_same_of_all_else(
    sqlite_demo: Demo, sqlite_template: Path, tmp_path: Path
) -> None:
    file = tmp_path / "another.sqlite3"
    shutil.copy(sqlite_template, file)
    another = played(f"sqlite:///{file}", NOW + timedelta(days=3))

    views, rest = zip(
        *(split_by_view(rows["events"]) for rows in (sqlite_demo.rows, another.rows)), strict=True
    )
    assert views[0] != views[1]
    assert rest[0] == rest[1]


def split_by_view(events: set[Any]) -> tuple[int, Counter[tuple[int, Action]]]:
    """How many looks, and how many others of each subject."""
    counted = Counter((event.subject_id, Action(event.action)) for event in events)
    views = sum(count for (_, action), count in counted.items() if action in BY_DAY)
    return views, Counter({key: count for key, count in counted.items() if key[1] not in BY_DAY})


async def test_everyone_who_is_named_can_sign_in(studio: Studio) -> None:
    for name in ACCOUNTS:
        answer = await studio.ask(LOGIN, email=f"{name}@demo.test", password=PASSWORD)
        assert answer.data == {"login": {"viewer": {"username": name}}}


async def test_all_time_figures_are_those_of_the_events(studio: Studio, demo: Demo) -> None:
    for row, owner in owners(demo.rows):
        events = [event for event in demo.rows["events"] if event.subject_id == row.id]
        expected = recount(events, lambda _: True, lambda at: at >= NOW - timedelta(days=30))
        shown = (await studio.ask(METRICS, owner, url=row.custom_url)).data["publication"]["metrics"]
        assert shown == {**expected, "previous": None, "previousOfEqualLength": None}
        assert expected["views"] > 0

        standing = {
            "likes": sum(like.publication_id == row.id for like in demo.rows["likes"]),
            "bookmarks": sum(bookmark.publication_id == row.id for bookmark in demo.rows["bookmarks"]),
            "comments": sum(comment.publication_id == row.id for comment in demo.rows["comments"]),
            "appointments": sum(
                slot.publication_id == row.id and slot.cancelled_at is None
                for slot in demo.rows["appointments"]
            ),
        }
        assert {name: expected[name] for name in standing} == standing


RANGES = [
    # As they are asked for, and the half-open spans that they mean; and where a calendar's one before starts.
    ("2022-06-15", "2023-06-15", "2022-06-15T00:00:00", "2023-06-16T00:00:00", None),
    ("2023-01-01", "2023-03-31", "2023-01-01T00:00:00", "2023-04-01T00:00:00", "2022-10-01T00:00:00"),
    ("2023-02-28", "2023-02-28", "2023-02-28T00:00:00", "2023-03-01T00:00:00", None),
    ("2022-12-19T07:30:00Z", "2023-02-03T18:45:10", "2022-12-19T07:30:00", "2023-02-03T18:45:11", None),
    ("2023-05-30T22:00:00-05:00", "2023-06-15", "2023-05-31T03:00:00", "2023-06-16T00:00:00", None),
    ("2023-06-15T09:00:00Z", "2023-06-15T11:59:59Z", "2023-06-15T09:00:00", "2023-06-15T12:00:00", None),
]


async def test_the_figures_of_a_range_are_those_of_its_events(studio: Studio, demo: Demo) -> None:
    for row, owner in owners(demo.rows):
        events = [event for event in demo.rows["events"] if event.subject_id == row.id]
        for first, last, *span, earlier in RANGES:
            start, stop = (datetime.fromisoformat(f"{bound}+00:00") for bound in span)
            as_long = start - (stop - start)
            before = datetime.fromisoformat(f"{earlier}+00:00") if earlier else as_long
            answer = await studio.ask(METRICS, owner, url=row.custom_url, range={"start": first, "end": last})
            shown = answer.data["publication"]["metrics"]
            assert shown == {
                **_between(events, start, stop),
                "previous": _between(events, before, start),
                "previousOfEqualLength": _between(events, as_long, start),
            }


def _between(events: list[Any], start: datetime, stop: datetime) -> dict[str, int]:
    return recount(events, lambda at: start <= at < stop, lambda at: stop - timedelta(days=30) <= at < stop)


KEYS: dict[str, Callable[[datetime], str]] = {
    "DAY": lambda local: local.strftime("%Y%m%d"),
    "WEEK": lambda local: local.strftime("%G%V"),
    "MONTH": lambda local: local.strftime("%Y%m"),
}
SERIES: list[dict[str, Any]] = [
    {"interval": "DAY"},
    {"interval": "WEEK", "groupBy": ["DEVICE"]},
    {"interval": "MONTH", "groupBy": ["DOMAIN"]},
    {"interval": "MONTH", "groupBy": ["DEVICE", "DOMAIN"], "timeZone": "Pacific/Kiritimati"},
    {"interval": "DAY", "groupBy": ["DOMAIN", "DEVICE"], "timeZone": "America/New_York"},
    {"interval": "WEEK", "groupBy": ["DEVICE"], "domain": "example.com"},
]


@pytest.mark.parametrize("asked", SERIES, ids=lambda asked: "-".join(map(str, asked.values())))
async def test_a_series_of_views_is_that_of_the_events(
    studio: Studio, demo: Demo, asked: dict[str, Any]
) -> None:
    zone = ZoneInfo(asked.get("timeZone", "UTC"))
    dimensions = asked.get("groupBy", [])
    start = datetime(2022, 7, 20, tzinfo=zone)
    stop = datetime(2023, 6, 11, tzinfo=zone)
    sites = {0: "", **{row.id: row.name for row in demo.rows["domains"]}}

    for row, owner in owners(demo.rows):
        counted = Counter(
            (
                KEYS[asked["interval"]](event.occurred_at.astimezone(zone)),
                event.device if "DEVICE" in dimensions else 0,
                sites[event.domain_id] if "DOMAIN" in dimensions else "",
            )
            for event in demo.rows["events"]
            if event.subject_id == row.id
            and event.action == Action.VIEW
            and start <= event.occurred_at < stop
            and asked.get("domain", sites[event.domain_id]) == sites[event.domain_id]
        )
        given = {"url": row.custom_url, "range": {"start": "2022-07-20", "end": "2023-06-10"}, **asked}
        shown = (await studio.ask(VIEWS, owner, **given)).data["publication"]["views"]
        assert shown["count"] == counted.total() > 0
        assert [tuple(point.values()) for point in shown["points"]] == [
            (key, Device(device).name if device else None, site or None, count)
            for (key, device, site), count in sorted(counted.items())
        ]


async def test_counts_of_experiences_and_followers_are_those_of_the_rows(studio: Studio, demo: Demo) -> None:
    for row, owner in owners(demo.rows):
        types = [each.type for each in demo.rows["experiences"] if each.publication_id == row.id]
        follows = demo.rows["follows"]
        shown = (await studio.ask(COUNTS, owner, url=row.custom_url)).data["publication"]
        assert shown == {
            "experienceCounts": {
                **{type_.name: types.count(type_) for type_ in ExperienceType},
                "total": len(types),
            },
            "socialMetrics": {
                "followersCount": sum(follow.followed_id == row.owner_id for follow in follows),
                "followingCount": sum(follow.follower_id == row.owner_id for follow in follows),
            },
        }
