"""Requests as the documentations of the three APIs show them, against the demo, each by its own tool."""

import json
import os
import subprocess
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from sqlite3 import connect
from typing import Any

import httpx
import pytest

from server.demo.sign_ins import PASSWORD
from tests.rest.examples import (
    CREATE_INSIGHT,
    DASHBOARD,
    MONTHS,
    PROGRAMS,
    READ_INSIGHT,
    REPORT,
    WEEKS,
    Example,
    studio_examples,
)
from tests.server.program import Program
from tests.workbooks import SHEETS, rows, workbook

SECONDS = 120
PATHS = ("/v2/metrics/dashboard", "/v2/metrics/views-data", "/v2/metrics/summary-report")
WORKSPACE, ASSET = "00000000-0000-4000-8000-0000000000{:02}", "00000000-0000-4000-8000-000000000{:03}"
ROUND_TABLE, FLOOR_LAMP, GARDEN_BENCH = (ASSET.format(number) for number in (102, 103, 110))


class Habit:
    """An action that an asset had every so many days, from 2022-11-01 to the end of 2023."""

    def __init__(self, asset: str, days: int, action: str, devices: tuple[str, ...]) -> None:
        self.asset, self.action = asset, action
        first = date(2022, 11, 1)
        self.days = {
            first + timedelta(day): devices[turn % len(devices)]
            for turn, day in enumerate(range(0, 426, days))
        }

    def within(self, first: str, last: str) -> Iterator[tuple[date, str]]:
        """The days and the devices; both ends are included."""
        for day, device in self.days.items():
            if first <= day.isoformat() <= last:
                yield day, device


ALL_DEVICES = ("desktop", "mobile", "tablet")
HABITS = (
    Habit("Round Table", 1, "3DView", ALL_DEVICES),
    Habit("Round Table", 2, "interaction", ALL_DEVICES),
    Habit("Round Table", 5, "ARView", ALL_DEVICES[:2]),
    Habit("Floor Lamp", 2, "3DView", ALL_DEVICES[:2]),
    Habit("Floor Lamp", 7, "ARView", ALL_DEVICES[:1]),
    Habit("Garden Bench", 3, "3DView", ALL_DEVICES),
)


def counted(action: str, key: Callable[[date, str], Any], first: str, last: str) -> Counter[Any]:
    return Counter(
        key(day, device)
        for habit in HABITS
        if habit.action == action
        for day, device in habit.within(first, last)
    )


def said(example: Example, folder: Path, demo: Program, token: str = "") -> str:
    """What it prints. Skips the test if this machine lacks a tool."""
    if missing := example.missing():
        pytest.skip(f"{missing[0]} is not installed")
    file = folder / f"example{example.suffix}"
    file.write_text(example.text.replace("HOST", demo.address).replace("TOKEN", token))
    done = subprocess.run(
        [*example.command, str(file)],
        cwd=folder,
        env={**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def refresh_token(demo: Program) -> str:
    """Of the organization, by the documented steps 1 to 3."""
    with httpx.Client(base_url=demo.address) as client:
        login = client.post("/v1/auth/login", json={"email": "admin@demo.test", "password": PASSWORD})
        signed_in = {"x-auth-token": login.headers["x-auth-token"]}
        organizations = client.get("/v1/organizations", headers=signed_in).json()["response"]["grid"]
        assert organizations == [{"uuid": ASSET.format(1), "name": "Demo Works"}]
        body = {"organizationUuid": organizations[0]["uuid"]}
        refreshed = client.post("/v1/auth/refresh-token", json=body, headers=signed_in)
        workspaces = client.get(
            "/v1/clients/client-organizations", headers={"x-auth-token": refreshed.headers["x-auth-token"]}
        )
    assert workspaces.json()["response"]["grid"] == [
        {"uuid": WORKSPACE.format(11 + number), "name": name}
        for number, name in enumerate(("Furniture", "Lighting", "Outdoor"))
    ]
    return refreshed.headers["x-auth-token"].removeprefix("Bearer ")


def key_of(demo: Program, name: str) -> str:
    """An authentication key, which goes with the scheme `Token`."""
    headers = {"Authorization": f"Bearer {demo.token(f'{name}@demo.test')}"}
    made = demo.post('mutation { createAuthenticationKey(input: {name: "example"}) { secret } }', headers)
    secret: str = made["data"]["createAuthenticationKey"]["secret"]
    return secret


def succeeded(answer: str) -> Any:
    body = json.loads(answer)
    assert (list(body), body["success"], body["errors"]) == (["success", "errors", "response"], True, [])
    return body["response"]


def test_the_dashboard(demo: Program, refresh_token: str, tmp_path: Path) -> None:
    assert succeeded(said(DASHBOARD, tmp_path, demo, refresh_token)) == {
        "total3DViews": 31 + 16 + 10,
        "totalARViews": 6 + 4,
        "userEngagement": 16,
        "avgNumberInteractions": 1.0,
        "mostViewedProduct": {
            "uuid": ROUND_TABLE,
            "name": "Round Table",
            "total3DViews": 31,
            "totalARViews": 6,
            "userEngagement": 16,
            "avgNumberInteractions": 1.0,
            "formats": [
                {"type": "GLB", "url": "https://files.demo.test/round-table.glb", "sizeBytes": 4_000_000},
                {"type": "USDZ", "url": "https://files.demo.test/round-table.usdz", "sizeBytes": 4_800_000},
                {"type": "IMAGE", "url": f"{demo.address}/demo/round-table.svg", "sizeBytes": None},
            ],
        },
    }


@pytest.mark.parametrize(
    ("example", "action", "form"), [(WEEKS, "3DView", "%G%V"), (MONTHS, "ARView", "%Y%m")], ids=str
)
def test_views_over_time(
    demo: Program, refresh_token: str, example: Example, action: str, form: str, tmp_path: Path
) -> None:
    found = succeeded(said(example, tmp_path, demo, refresh_token))

    expected = counted(action, lambda day, device: (day.strftime(form), device), "2023-01-01", "2023-06-30")
    assert found == {
        "count": expected.total(),
        "grid": [
            {"dateInterval": interval, "count": count, "deviceCategory": device}
            for (interval, device), count in sorted(expected.items())
        ],
    }
    assert expected.total() == {"3DView": 181 + 90 + 60, "ARView": 36 + 26}[action]


def test_the_report_is_stored_as_a_workbook(demo: Program, refresh_token: str, tmp_path: Path) -> None:
    said(REPORT, tmp_path, demo, refresh_token)

    book = workbook(b64encode((tmp_path / "analytics-report.xlsx").read_bytes()).decode())
    assert book.sheetnames == SHEETS
    seen: Counter[tuple[str, str]] = Counter()
    for name, _, device, views, *_ in rows(book, "Assets")[1:]:
        if device and views:
            seen[name, device.lower()] += views
    expected: Counter[tuple[str, str]] = Counter()
    for habit in HABITS:
        if habit.action == "3DView":
            expected += Counter(
                (habit.asset, device) for _, device in habit.within("2023-01-01", "2023-06-30")
            )
    assert seen == expected


YEAR = {"startDate": "2023-01-01T00:00:00", "endDate": "2023-12-31T23:59:59"}
ANY = {"clientUuids": None, "productsUuid": None, "domain": None}


@pytest.mark.parametrize(
    ("body", "views"),
    [
        ({**YEAR, **ANY, "clientUuids": [WORKSPACE.format(11)]}, 365),
        ({**YEAR, **ANY, "productsUuid": [ROUND_TABLE, FLOOR_LAMP, GARDEN_BENCH]}, 365 + 182 + 121),
        ({**YEAR, **ANY, "domain": "mywebsite.com"}, 182 + 121),
        ({**YEAR, **ANY, "domain": "vntana.com"}, 365),
    ],
    ids=["workspace", "assets", "domain", "another domain"],
)
def test_documented_filters_with_ids_of_the_demo(
    demo: Program, refresh_token: str, body: dict[str, Any], views: int
) -> None:
    headers = {"x-auth-token": f"Bearer {refresh_token}"}
    answer = httpx.post(f"{demo.address}{PATHS[0]}", json=body, headers=headers)

    assert succeeded(answer.text)["total3DViews"] == views


STRINGS = {"clientUuids": ["string"], "productsUuid": ["string"]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PATHS[0], {**YEAR, **STRINGS, "domain": "vntana.com"}),
        (
            PATHS[1],
            {
                "viewType": "3DView",
                "actionTypes": ["view"],
                "returnFields": ["device"],
                **YEAR,
                "dateInterval": "WEEK",
                **STRINGS,
                "domain": None,
            },
        ),
        (PATHS[2], {**YEAR, "clientUuids": ["string"], "productUuids": ["string"], "domain": None}),
        (PATHS[0], {**YEAR, **ANY, "clientUuids": ["workspace-uuid-here"]}),
        (PATHS[0], {**YEAR, **ANY, "productsUuid": ["product-uuid-1", "product-uuid-2", "product-uuid-3"]}),
    ],
    ids=["dashboard", "views", "report", "workspace", "assets"],
)
def test_documented_placeholders_are_no_ids(
    demo: Program, refresh_token: str, path: str, body: dict[str, Any]
) -> None:
    answer = httpx.post(
        f"{demo.address}{path}", json=body, headers={"x-auth-token": f"Bearer {refresh_token}"}
    )

    assert answer.status_code == 403
    (error,) = answer.json()["errors"]
    assert (answer.json()["success"], error["code"]) == (False, "NOT_FOUND")
    assert error["reason"] in ("INVALID_WORKSPACE", "INVALID_ASSET")


@pytest.mark.parametrize("example", studio_examples(has_body=True), ids=lambda example: example.name)
def test_the_metrics_of_a_studio(demo: Program, example: Example, tmp_path: Path) -> None:
    refused = json.loads(said(example, tmp_path, demo))
    answer = json.loads(said(example.signed_in(), tmp_path, demo, demo.token("owner@demo.test")))

    assert refused.pop("requestId")
    assert refused == {"detail": "Sign in to see this.", "code": "UNAUTHENTICATED"}
    assert datetime.now(UTC) - datetime.fromisoformat(answer.pop("generated_at")) < timedelta(hours=1)
    views, active, first_day = counted_in_database(demo)
    assert answer == {
        "publication": {
            "id": 1,
            "name": "AI Research Studio",
            "custom_url": "ai-research-studio",
            "created_at": first_day.strftime("%Y-%m-%dT00:00:00Z"),
            "allow_bookings": True,
        },
        "experience_counts": {"AI_EXPERT": 1, "AI_NOTE": 4, "QUEST": 3, "PODCAST": 2, "total": 10},
        "metrics": {
            "total_views": views,
            "total_likes": 7,
            "total_bookmarks": 4,
            "total_shares": 19,
            "total_comments": 7,
            "total_appointments": 5,
            "monthly_active_users": active,
        },
        "social_metrics": {"followers_count": 6, "following_count": 4},
    }


def counted_in_database(demo: Program) -> tuple[int, int, datetime]:
    """Views, active users and the first day of the publication, from the raw events."""
    month = (datetime.now(UTC) - timedelta(days=30)).timestamp() * 1_000_000
    with closing(connect(demo.folder / "viewgraph-demo.sqlite3")) as connection:
        (views,) = connection.execute(
            "SELECT count(*) FROM events WHERE subject_id = 1 AND action = 1"
        ).fetchone()
        (active,) = connection.execute(
            "SELECT count(DISTINCT user_id) FROM events WHERE subject_id = 1 AND action <= 6 "
            "AND occurred_at >= ?",
            [month],
        ).fetchone()
        (first,) = connection.execute("SELECT created_at FROM publications WHERE id = 1").fetchone()
    return views, active, datetime.fromtimestamp(first / 1_000_000, UTC)


@pytest.mark.parametrize("example", studio_examples(has_body=False), ids=lambda example: example.name)
def test_a_request_without_a_body_names_no_studio(demo: Program, example: Example, tmp_path: Path) -> None:
    answer = json.loads(said(example, tmp_path, demo))

    assert answer.pop("requestId")
    assert answer == {
        "detail": "Object missing required field `url`.",
        "code": "BAD_USER_INPUT",
        "argument": "url",
        "reason": "INVALID_VALUE",
    }


def test_an_insight_is_made(demo: Program, tmp_path: Path) -> None:
    answer = json.loads(said(CREATE_INSIGHT, tmp_path, demo, key_of(demo, "stranger")))

    assert isinstance(answer.pop("id"), int)
    assert answer == {
        "has_about": False,
        "number_of_roles": 2,
        "number_of_acts": 0,
        "profile_views": 0,
        "profile_searches": 0,
        "connects": 0,
        "facebook_page_id": None,
        "twitter_handle": None,
        "instagram_handle": None,
        "insight_score": "1.00",
        "twitter_followers_count": None,
        "works": [{"item_id": "stuff gggg", "source_type": 1, "is_individual_work": True, "in_app_plays": 0}],
        "facebook_page_followers_count": None,
        "instagram_followers_count": None,
    }


def test_an_insight_is_read(demo: Program, tmp_path: Path) -> None:
    """As the documentation shows it, but for the score, which has a formula here."""
    work = {"item_id": "l4WNrvVjiTw"}

    assert json.loads(said(READ_INSIGHT, tmp_path, demo, key_of(demo, "member"))) == {
        "id": 7,
        "has_about": False,
        "number_of_roles": 1,
        "number_of_acts": 8,
        "profile_views": 8,
        "profile_searches": 7,
        "connects": 2,
        "facebook_page_id": 4546477,
        "twitter_handle": "gigpro",
        "instagram_handle": "gigpro",
        "insight_score": "4.61",
        "twitter_followers_count": 4546,
        "works": [
            {**work, "source_type": 1, "is_individual_work": True, "in_app_plays": 7, "non_app_plays": 30},
            {**work, "source_type": 2, "is_individual_work": False, "in_app_plays": 30, "non_app_plays": 230},
        ],
        "facebook_page_followers_count": 4546,
        "instagram_followers_count": 4564,
    }
