"""Kept answers serve the REST routes as they serve /graphql."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.rest.asking import RANGE, as_
from tests.server.keeping import kept_of
from tests.studio import Studio

DASHBOARD, VIEWS, REPORT = (f"/v2/metrics/{name}" for name in ("dashboard", "views-data", "summary-report"))
STUDIO, ASKED = "/api/v1/aistudios/metrics/", {"url": "ai-research-studio"}


@pytest_asyncio.fixture
async def kept(studio: Studio) -> AsyncIterator[Studio]:
    async with kept_of(studio) as kept:
        yield kept


async def test_an_answer_is_given_again_without_a_statement(kept: Studio) -> None:
    views = {**RANGE, "viewType": "3DView", "dateInterval": "DAY"}
    asked: list[tuple[str, dict[str, Any] | None, str]] = [
        (DASHBOARD, RANGE, "admin"),
        (VIEWS, views, "admin"),
        (STUDIO, ASKED, "owner"),
        ("/v1/auth/logout", None, "admin"),
    ]
    for path, body, by in asked:
        token = as_(kept, by)
        first = await kept.client.post(path, json=body, headers=token)
        with kept.statements() as statements:
            again = await kept.client.post(path, json=body, headers=token)

        assert statements == [], path
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["x-request-id"] != first.headers["x-request-id"]


async def test_paths_viewers_and_bodies_are_told_apart(kept: Studio) -> None:
    """The body of one route is good for another, and the answers differ."""
    admin, member = as_(kept, "admin"), as_(kept, "member")
    for _ in range(2):
        dashboard = await kept.client.post(DASHBOARD, json=RANGE, headers=admin)
        report = await kept.client.post(REPORT, json=RANGE, headers=admin)
        denied = await kept.client.post(DASHBOARD, json=RANGE, headers=member)
        nobody = await kept.client.post(DASHBOARD, json=RANGE)
        narrower = await kept.client.post(DASHBOARD, json={**RANGE, "clientUuids": []}, headers=admin)

        assert "total3DViews" in dashboard.json()["response"]
        assert "document" in report.json()["response"]
        assert [one.status_code for one in (denied, nobody, narrower)] == [403, 401, 200]


async def test_a_change_makes_a_kept_answer_stale(kept: Studio) -> None:
    token = as_(kept, "owner")
    for _ in range(2):
        before = (await kept.client.post(STUDIO, json=ASKED, headers=token)).json()
    await kept.report([{"subject": {"publicationId": kept.publication}, "action": "VIEW"}], "owner")

    after = (await kept.client.post(STUDIO, json=ASKED, headers=token)).json()

    assert (before["metrics"]["total_views"], after["metrics"]["total_views"]) == (0, 1)


async def test_tokens_and_new_insights_are_not_kept(kept: Studio) -> None:
    admin, owner = as_(kept, "admin"), as_(kept, "owner")
    named = {"organizationUuid": kept.organization}
    given = [await kept.client.post("/v1/auth/refresh-token", json=named, headers=admin) for _ in range(2)]
    made = [await kept.client.post("/api/user_insights/", json={}, headers=owner) for _ in range(2)]

    assert len({one.headers["x-auth-token"] for one in given}) == 2
    assert [one.status_code for one in made] == [201, 409]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_kept_list_is_answered_304(kept: Studio) -> None:
    headers = as_(kept, "admin")
    first = await kept.client.get("/v1/organizations", headers=headers)
    known = {**headers, "if-none-match": first.headers["etag"]}

    with kept.statements() as statements:
        again = await kept.client.get("/v1/organizations", headers=known)

    assert (again.status_code, again.content, statements) == (304, b"", [])
