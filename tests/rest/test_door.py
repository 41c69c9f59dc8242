"""What all REST routes have in common: paths, methods, limits, headers, and the line in the log."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from auth.rates import RateLimits, Rates
from resolvers.context import Limits, Services
from server.app import create_app
from server.settings import Settings
from tests.rest.asking import RANGE, as_, detail, post, problem
from tests.server.test_logging import Lines, lines, told
from tests.studio import Clock, Studio, services_for

__all__ = ["lines"]

DASHBOARD = "/v2/metrics/dashboard"
# What does not depend on the database.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


@asynccontextmanager
async def served(services: Services, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(Settings(**settings), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@one_engine
async def test_every_unknown_path_is_answered_by_json(client: httpx.AsyncClient) -> None:
    """Below the prefixes of an API, in the form of that API."""
    for path in ("/v1", "/v1/nothing", "/v2/metrics/", "/v2/metrics/dashboard/more"):
        response = await client.post(path)
        assert (response.status_code, problem(response)) == (404, {"code": "NOT_FOUND"})
    for path in ("/api", "/api/v1/aistudios", "/api/user_insights/a/b"):
        response = await client.get(path)
        assert (response.status_code, detail(response)) == (404, {"code": "NOT_FOUND"})
    for path in ("/nothing", "/graphql/nothing", "/graphql/assets/nothing.js", "/v3/metrics"):
        response = await client.get(path)
        assert response.headers["content-type"] == "application/json"
        assert response.json() == {"code": "NOT_FOUND", "message": "There is no such path."}
        assert response.status_code == 404


@one_engine
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (DASHBOARD, "POST"),
        ("/v1/organizations", "GET, HEAD"),
        ("/api/user_insights/7", "GET, HEAD"),
        ("/api/v1/aistudios/metrics/", "POST"),
    ],
)
async def test_another_method_is_not_allowed(client: httpx.AsyncClient, path: str, allowed: str) -> None:
    for method in ("PUT", "DELETE", "PATCH", "GET" if allowed == "POST" else "POST"):
        response = await client.request(method, path)

        assert response.status_code == 405
        assert response.headers["allow"] == allowed
        body = response.json()
        assert (body["errors"][0] if "errors" in body else body)["code"] == "BAD_REQUEST"


@one_engine
async def test_a_method_that_no_other_path_has_is_answered_by_json(client: httpx.AsyncClient) -> None:
    response = await client.put("/collect")

    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"POST", "OPTIONS"}
    assert response.json() == {"code": "BAD_REQUEST", "message": "Method Not Allowed"}


@one_engine
async def test_whatever_is_refused_is_refused_by_json(studio: Studio) -> None:
    """Any method at any path of the server, with and without a slash at the end, and beside it. Only an embed
    without figures looks like one with figures.
    """
    settings = Settings(demo=True)
    known = [route.path for route in create_app(settings, studio.services).routes if isinstance(route, Route)]
    paths = {re.sub(r"\{.*?\}", "x", path) for path in known}
    async with served(studio.services, demo=True) as client:
        for path in {*paths, *(f"{path}/" for path in paths), *(f"{path}more" for path in paths)}:
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
                response = await client.request(method, path)
                if response.status_code == 404 and path.startswith("/embed/") and "etag" in response.headers:
                    assert response.headers["content-type"].startswith(("text/html", "image/svg+xml"))
                elif response.status_code >= 400:
                    assert response.headers["content-type"].startswith("application/json"), (method, path)
                    assert method == "HEAD" or isinstance(response.json(), dict)
                if response.status_code == 405:
                    assert response.headers["allow"], (method, path)


@one_engine
async def test_a_setting_turns_all_routes_off(studio: Studio) -> None:
    async with served(studio.services, rest=False) as client:
        for path in ("/v1/organizations", "/api/user_insights/7", "/openapi.json", "/openapi"):
            response = await client.get(path, headers=as_(studio, "admin"))
            assert response.status_code == 404
            assert response.json() == {"code": "NOT_FOUND", "message": "There is no such path."}
        asked = await client.post("/graphql", json={"query": "{ viewer { username } }"})
        assert asked.status_code == 200


@one_engine
async def test_the_log_has_a_line_with_the_route_and_the_operation(studio: Studio, lines: Lines) -> None:
    response = await post(studio, DASHBOARD, RANGE, "admin")

    line = told(lines)
    assert line.pop("document")
    assert line == {
        **{name: line[name] for name in ("level", "logger", "event", "timestamp")},
        "request_id": response.headers["x-request-id"],
        "method": "POST",
        "path": DASHBOARD,
        "status": 200,
        "bytes": len(response.content),
        "operation": "AssetDashboard",
        "type": "query",
        "cost": line["cost"],
        "statements": line["statements"],
        "viewer": "user",
    }
    refused = await post(studio, DASHBOARD, {}, "admin")
    assert (told(lines)["status"], told(lines)["errors"]) == (422, ["BAD_USER_INPUT"])
    assert told(lines)["request_id"] == refused.headers["x-request-id"]
    await studio.client.get(f"/api/user_insights/{studio.people['owner'].id}")
    assert told(lines)["path"] == "/api/user_insights/{user_id}"


@one_engine
async def test_passwords_and_tokens_are_not_in_the_log(studio: Studio, lines: Lines) -> None:
    await post(studio, "/v1/auth/login", {"email": "owner@example.com", "password": "do not log me"})
    await post(studio, "/v1/auth/login/token", {"personal-access-token": "nor me"})

    assert "log me" not in str(lines())
    assert "nor me" not in str(lines())


@one_engine
async def test_a_request_costs_what_graphql_says_and_is_throttled_like_it(studio: Studio) -> None:
    limited = replace(studio.services, rates=RateLimits(Rates("60 per minute"), Rates()))
    async with served(limited) as client:
        asking = replace(studio, client=client)
        first = await post(asking, DASHBOARD, RANGE, "admin")
        answers = [await post(asking, DASHBOARD, RANGE, "admin") for _ in range(9)]
        by_graphql = await asking.ask("{ viewer { username } }", "admin")

    assert first.headers["ratelimit"].startswith('"queries";r=')
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert {one.status_code for one in answers} <= {200, 429}
    assert int(refused[-1].headers["retry-after"]) == problem(refused[-1])["retryAfter"] > 0
    assert problem(refused[-1])["code"] == "THROTTLED"
    assert by_graphql.status in (200, 429)


async def test_a_large_question_is_refused_before_anything_is_read(
    database_url: str, clock: Clock, studio: Studio
) -> None:
    services = services_for(database_url, clock, Limits(points=30))
    async with served(services) as client:
        asking = replace(studio, client=client, services=services)
        body = {**RANGE, "viewType": "3DView", "dateInterval": "DAY"}
        response = await post(asking, "/v2/metrics/views-data", body, "admin")
        weeks = await post(asking, "/v2/metrics/views-data", {**body, "dateInterval": "WEEK"}, "admin")
    await services.topics.close()
    await services.database.close()

    assert (response.status_code, weeks.status_code) == (422, 200)
    found = problem(response)
    assert (found["code"], found["points"], found["maxPoints"]) == ("COST_ESTIMATED_TOO_EXPENSIVE", 31, 30)


@one_engine
@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-type": "text/plain"}, b"{}", 415),
        ({"content-type": "application/xml"}, b"<a/>", 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, b"{}", 415),
        ({"content-type": "application/json"}, b"{", 422),
        ({"content-type": "application/json"}, b"\xff", 422),
        ({"content-type": "application/json"}, b'{"a":' * 2000, 422),
        ({"content-type": "application/json"}, b"[" + b"1," * 100_001 + b"1]", 422),
        ({"content-type": "application/json"}, b" " * 5_000_001, 413),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    studio: Studio, headers: dict[str, str], content: bytes, status: int
) -> None:
    given = {**as_(studio, "admin"), **headers}

    response = await studio.client.post(DASHBOARD, content=content, headers=given)

    assert response.status_code == status
    assert problem(response)["code"] in ("BAD_REQUEST", "BAD_USER_INPUT")


@one_engine
async def test_a_browser_sends_nothing_unasked(studio: Studio) -> None:
    """A page of another site can send forms and plain texts without a preflight, but no header of ours."""
    body, form = b'{"email": "owner@example.com", "password": "x"}', {"number_of_roles": "1"}
    with studio.statements() as statements:
        answers = [
            await studio.client.post("/v1/auth/login", content=body),
            await studio.client.post("/v1/auth/login", content=body, headers={"content-type": "text/plain"}),
            await studio.client.post("/api/user_insights/", data=form),
            await studio.client.get("/v1/organizations"),
        ]

    assert [one.status_code for one in answers] == [401, 415, 401, 401]
    assert statements == []


@one_engine
async def test_pages_of_allowed_sites_may_read_the_answers(studio: Studio) -> None:
    origin = "https://app.example.com"
    async with served(studio.services, cors_origins=origin) as client:
        asked = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-auth-token",
        }
        preflight = await client.options(DASHBOARD, headers=asked)
        headers = {**as_(studio, "admin"), "origin": origin}
        answer = await client.post(DASHBOARD, json=RANGE, headers=headers)

    assert preflight.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "x-auth-token" in answer.headers["access-control-expose-headers"]


async def test_get_is_answered_304_while_nothing_changes(studio: Studio) -> None:
    headers = as_(studio, "admin")
    first = await studio.client.get("/v1/organizations", headers=headers)

    again = await studio.client.get(
        "/v1/organizations", headers={**headers, "if-none-match": first.headers["etag"]}
    )
    head = await studio.client.head("/v1/organizations", headers=headers)

    assert first.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])


@one_engine
async def test_only_trusted_documents_does_not_concern_stored_ones(studio: Studio, tmp_path: Any) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text('{"one": "{ __typename }"}')
    async with served(
        studio.services, trusted_documents=str(manifest), only_trusted_documents=True
    ) as client:
        asking = replace(studio, client=client)
        assert (await post(asking, DASHBOARD, RANGE, "admin")).status_code == 200
        refused = await asking.ask("{ viewer { id } }", "admin")

    assert refused.code == "PERSISTED_QUERY_NOT_FOUND"
