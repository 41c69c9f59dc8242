"""Pages of other sites: what browsers send unasked is not executed, and who may read is a setting."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from resolvers.context import Services
from server.app import create_app
from server.settings import Settings
from tests.studio import Studio

APP, OTHER = "https://app.example.com", "https://other.example.com"
ANOTHER_SITE = (
    "A page of another site has sent this. If it may ask here, name its origin in VIEWGRAPH_CORS_ORIGINS."
)
ASKED = {"query": "{ __typename }"}
ANSWER = {"data": {"__typename": "Query"}}

# What never reaches a database is the same on both.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


@asynccontextmanager
async def client_of(services: Services, *, cors_origins: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(Settings(cors_origins=cors_origins), services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


# What a browser sends without asking


@one_engine
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "application/graphql-response+json", "accept-language": "de"},
        {"content-type": "text/plain"},
        {"content-type": "text/plain; application/json"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data"},
        {"apollo-require-preflight": ""},
    ],
)
@pytest.mark.parametrize(
    "page",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": OTHER},
        {"origin": OTHER},
        {"origin": "null"},
        {"origin": "http://test:8443"},
    ],
)
async def test_a_query_by_get_of_another_sites_page_is_refused(
    client: httpx.AsyncClient, method: str, headers: dict[str, str], page: dict[str, str]
) -> None:
    response = await client.request(method, "/graphql", params=ASKED, headers={**headers, **page})

    assert response.status_code == 403
    if method == "GET":
        (error,) = response.json()["errors"]
        assert error["message"] == ANOTHER_SITE
        assert error["extensions"]["code"] == "BAD_REQUEST"


@one_engine
@pytest.mark.parametrize(
    "headers",
    [
        {"apollo-require-preflight": "true"},
        {"X-Apollo-Operation-Name": "Limits"},
        {"GraphQL-Require-Preflight": "1"},
        {"content-type": "application/json"},
    ],
)
async def test_a_query_by_get_that_needs_a_preflight_is_answered(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    page = {"origin": OTHER, "sec-fetch-site": "cross-site"}
    response = await client.get("/graphql", params=ASKED, headers=headers | page)

    assert (response.status_code, response.json()) == (200, ANSWER)


@one_engine
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "application/graphql-response+json, application/json", "accept-language": "de"},
        {"origin": "http://test"},
        {"origin": "http://test", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
    ],
    ids=[
        "no browser",
        "urql",
        "a page over http",
        "a script",
        "a script that reads",
        "an address that was opened",
    ],
)
async def test_a_query_by_get_is_answered_without_a_header_of_its_own(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.get("/graphql", params=ASKED, headers=headers)

    assert (response.status_code, response.json()) == (200, ANSWER)


@one_engine
async def test_a_kept_answer_is_not_given_to_a_page_of_another_site(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        own = await client.get("/graphql", params=ASKED, headers={"sec-fetch-site": "same-origin"})
        other = await client.get("/graphql", params=ASKED, headers={"sec-fetch-site": "cross-site"})

        assert (own.status_code, other.status_code) == (200, 403)


@pytest.mark.parametrize(
    "type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_a_mutation_that_needs_no_preflight_is_refused_whatever_its_headers_say(
    studio: Studio, type_: str
) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}", "graphql-require-preflight": "1"}
    like = f'mutation {{ likePublication(publicationId: "{studio.publication}") {{ publication {{ id }} }} }}'
    response = await studio.client.post(
        "/graphql",
        content=f'{{"query": "{like.replace(chr(34), chr(92) + chr(34))}"}}',
        headers={**headers, **({"content-type": type_} if type_ else {})},
    )

    assert response.status_code == 415
    assert await studio.count("likes") == 0


# What pages of other sites may read


async def preflight(
    client: httpx.AsyncClient, origin: str, *, method: str = "POST", path: str = "/graphql"
) -> httpx.Response:
    asked = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,traceparent",
    }
    return await client.options(path, headers=asked)


@one_engine
async def test_without_the_setting_no_page_of_another_site_may_ask(client: httpx.AsyncClient) -> None:
    asked = await preflight(client, APP)
    answered = await client.post("/graphql", json=ASKED, headers={"origin": APP})

    assert (asked.status_code, asked.headers["allow"]) == (405, "GET, HEAD, POST")
    assert asked.json()["errors"][0]["message"] == ANOTHER_SITE
    assert answered.json() == ANSWER
    for response in (asked, answered):
        assert [name for name in response.headers if name.startswith("access-control-")] == []


@one_engine
async def test_pages_of_an_allowed_origin_may_ask_and_read(services: Services) -> None:
    async with client_of(services, cors_origins=f"http://localhost:5173, {APP}") as client:
        asked = [await preflight(client, APP, method=method) for method in ("POST", "GET")]
        answered = await client.post("/graphql", json=ASKED, headers={"origin": APP})
        refused = await client.post("/graphql", content=b"{", headers={"origin": APP})

    for response in asked:
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == APP
        assert response.headers["access-control-allow-methods"] == "GET, HEAD, POST"
        assert response.headers["access-control-allow-headers"] == "authorization,content-type,traceparent"
        assert response.headers["access-control-max-age"] == "7200"
    assert answered.json() == ANSWER
    assert refused.status_code == 415
    for response in (answered, refused):
        assert response.headers["access-control-allow-origin"] == APP
        assert response.headers["access-control-expose-headers"] == (
            "x-auth-token, x-request-id, retry-after, ratelimit, ratelimit-policy"
        )
        assert response.headers["vary"] == "accept, accept-encoding, authorization, x-auth-token, Origin"
    for response in (*asked, answered):
        assert "access-control-allow-credentials" not in response.headers


@one_engine
@pytest.mark.parametrize(
    "origin", [OTHER, f"{APP}:8443", "http://app.example.com", f"{APP}.evil.example", "null"]
)
async def test_pages_of_another_origin_may_not(services: Services, origin: str) -> None:
    async with client_of(services, cors_origins=APP) as client:
        asked = await preflight(client, origin)
        answered = await client.post("/graphql", json=ASKED, headers={"origin": origin})

    assert (asked.status_code, asked.json()) == (403, {"code": "BAD_REQUEST", "message": ANOTHER_SITE})
    for response in (asked, answered):
        assert "access-control-allow-origin" not in response.headers
        assert "origin" in response.headers["vary"].lower()


@one_engine
async def test_other_methods_than_those_of_graphql_are_not_allowed(services: Services) -> None:
    async with client_of(services, cors_origins=APP) as client:
        refused = await preflight(client, APP, method="DELETE")
        assert refused.status_code == 400
        assert refused.json() == {"code": "BAD_REQUEST", "message": "Disallowed CORS method"}


@one_engine
async def test_pages_of_all_origins_may_ask_where_the_setting_says_so(services: Services) -> None:
    async with client_of(services, cors_origins="*") as client:
        asked = await preflight(client, OTHER)
        answered = await client.post("/graphql", json=ASKED, headers={"origin": OTHER})
        unasked = await client.get("/graphql", params=ASKED, headers={"origin": OTHER})
        hidden = await client.get("/graphql", params=ASKED, headers={"sec-fetch-site": "cross-site"})

    assert (asked.status_code, unasked.json(), hidden.status_code) == (200, ANSWER, 403)
    for response in (asked, answered, unasked):
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers


@one_engine
@pytest.mark.parametrize("origins", ["", APP])
async def test_every_site_may_send_events_whoever_may_ask(services: Services, origins: str) -> None:
    async with client_of(services, cors_origins=origins) as client:
        asked = await preflight(client, OTHER, path="/collect")
        sent = await client.post("/collect", json=[], headers={"origin": OTHER})

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert sent.headers["access-control-allow-origin"] == "*"
