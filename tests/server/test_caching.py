"""What caches are told: for how long, for whom, and whether what they have still holds."""

import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.settings import Settings
from tests.studio import Studio

PREFLIGHTED = {"graphql-require-preflight": "1"}
VARY = "accept, accept-encoding, authorization, x-auth-token"

PUBLIC = """{
  publication(url: "ai-research-studio") {
    id name customUrl createdAt allowBookings
    owner { username name publications { totalCount edges { cursor node { name } } } insight { connects } }
    coCreators { username }
    experiences { totalCount pageInfo { hasNextPage } edges { node { title type publishedAt } } }
  }
  publications(first: 5) { totalCount edges { node { name } } }
  user(by: {username: "owner"}) { name }
}"""

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


async def get(studio: Studio, query: str, by: str | None = None, /, **headers: str) -> httpx.Response:
    given = PREFLIGHTED | ({"authorization": f"Bearer {studio.token(by)}"} if by else {}) | headers
    return await studio.client.get("/graphql", params={"query": query}, headers=given)


async def post(studio: Studio, query: str, by: str | None = None, /, **variables: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {studio.token(by)}"} if by else {}
    body = {"query": query, "variables": variables}
    return await studio.client.post("/graphql", json=body, headers=headers)


# For how long, and for whom


@one_engine
@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("{ limits { maxNodes } }", "max-age=3600, public"),
        ('{ publication(url: "ai-research-studio") { name } }', "max-age=60, public"),
        ('{ limits { maxNodes } publication(url: "ai-research-studio") { name } }', "max-age=60, public"),
        (PUBLIC, "max-age=60, public"),
        ("{ __schema { queryType { name } } }", "max-age=300, public"),
        ("{ viewer { name } }", "private, no-cache"),
        ("{ limits { maxNodes } viewer { name } }", "private, no-cache"),
        ("{ __typename }", "private, no-cache"),
    ],
)
async def test_the_operation_says_for_how_long_its_answer_holds(
    studio: Studio, query: str, kept: str
) -> None:
    response = await get(studio, query)

    assert "errors" not in response.json()
    assert response.headers["cache-control"] == kept
    assert response.headers["vary"] == VARY


@one_engine
async def test_who_shows_a_token_is_answered_for_themselves_and_asks_anew_each_time(studio: Studio) -> None:
    shown = f"Bearer {studio.token('owner')}"
    for headers in (
        {"authorization": shown},
        {"x-auth-token": shown},
        {"authorization": "Bearer of nothing"},
    ):
        response = await get(studio, PUBLIC, **headers)

        assert response.headers["cache-control"] == "private, no-cache"
        assert response.headers["vary"] == VARY
    changed = '{ publication(url: "ai-research-studio") { metrics { totalViews } } }'
    assert (await get(studio, changed, "owner")).headers["cache-control"] == "private, no-cache"


async def test_what_is_public_is_the_same_for_every_viewer(studio: Studio) -> None:
    everybody = [await get(studio, PUBLIC, by) for by in (None, "owner", "cocreator", "stranger", "admin")]
    nobody = await get(studio, PUBLIC, authorization="Bearer of nothing")

    assert everybody[0].json()["data"]["publication"]["name"] == "Ai Research Studio"
    assert {response.content for response in (*everybody, nobody)} == {everybody[0].content}


@one_engine
@pytest.mark.parametrize(
    ("query", "by"),
    [
        ("{", None),
        ("{ nope }", None),
        ('{ publication(url: "nowhere") { name } limits { maxNodes } }', None),
        ('{ publication(url: "ai-research-studio") { name metrics { totalViews } } }', None),
        ('{ publication(url: "ai-research-studio") { name metrics { totalViews } } }', "stranger"),
        ("mutation { recordEvents(events: []) { stored } }", "owner"),
    ],
)
async def test_an_answer_with_errors_is_kept_nowhere(studio: Studio, query: str, by: str | None) -> None:
    for response in (
        await get(studio, query, by),
        await get(studio, query, by, accept="application/graphql-response+json"),
    ):
        assert "errors" in response.json()
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers


@one_engine
async def test_what_is_refused_is_kept_nowhere(studio: Studio) -> None:
    for response in (
        await studio.client.get(
            "/graphql", params={"query": "{ __typename }"}, headers={"sec-fetch-site": "cross-site"}
        ),
        await get(studio, "{ __typename }", accept="image/png"),
        await studio.client.put("/graphql"),
        await studio.client.post("/graphql", content=b"{"),
    ):
        assert response.status_code >= 400
        assert response.headers["cache-control"] == "no-store"


async def test_by_post_the_same_is_said_of_queries_and_mutations_are_kept_nowhere(studio: Studio) -> None:
    record = "mutation($e: [EventInput!]!) { recordEvents(events: $e) { stored } }"
    follow = "mutation($u: ID!) { followUser(userId: $u) { __typename } }"

    asked = [
        await post(studio, PUBLIC),
        await post(studio, PUBLIC, "owner"),
        await post(studio, "{ viewer { name } }", "owner"),
        await post(studio, follow, "owner", u=studio.people["stranger"].id),
        await post(studio, record, "owner", e=[]),
    ]

    assert ["errors" in response.json() for response in asked] == [False] * 5
    assert [response.headers["cache-control"] for response in asked] == [
        "max-age=60, public",
        "no-store",
        "no-store",
        "no-store",
        "no-store",
    ]
    assert ["etag" in response.headers for response in asked] == [False] * 5


@one_engine
async def test_where_pages_of_other_sites_may_ask_the_answer_depends_on_the_origin(studio: Studio) -> None:
    site = "https://app.example.com"
    transport = httpx.ASGITransport(create_app(Settings(cors_origins=site), studio.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for headers in ({}, {"origin": site}, {"origin": "https://other.example.com"}):
            response = await client.get(
                "/graphql", params={"query": "{ limits { maxNodes } }"}, headers=PREFLIGHTED | headers
            )
            assert response.headers["cache-control"] == "max-age=3600, public"
            assert response.headers["vary"].lower() == f"{VARY}, origin"


# Whether it still holds


async def test_who_has_the_answer_is_told_that_it_holds(studio: Studio) -> None:
    first = await get(studio, PUBLIC)
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", "*", f'"of another", W/{tag}', f'"with, a comma" ,{tag}'):
        again = await get(studio, PUBLIC, **{"if-none-match": known})

        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == first.headers["cache-control"] == "max-age=60, public"
        assert again.headers["vary"] == first.headers["vary"] == VARY
        assert "content-type" not in again.headers
        assert "content-length" not in again.headers
        assert "content-encoding" not in again.headers


@one_engine
@pytest.mark.parametrize("known", ['"of another"', "", "unquoted", '"', "W/*"])
async def test_who_has_another_answer_gets_this_one(studio: Studio, known: str) -> None:
    response = await get(studio, PUBLIC, **{"if-none-match": known})

    assert response.status_code == 200
    assert response.json()["data"]["user"] == {"name": "Owner"}


async def test_a_tag_changes_with_the_answer_and_only_with_it(studio: Studio) -> None:
    query = '{ publication(url: "ai-research-studio") { name metrics { totalLikes } } }'
    like = "mutation($p: ID!) { likePublication(publicationId: $p) { __typename } }"
    before, same = [(await get(studio, query, by)).headers["etag"] for by in ("owner", "cocreator")]
    assert (await studio.ask(like, "owner", p=studio.publication)).data
    after = await get(studio, query, "owner", **{"if-none-match": before})

    assert before == same
    assert after.status_code == 200
    assert after.json()["data"]["publication"]["metrics"] == {"totalLikes": 1}
    assert after.headers["etag"] != before


@one_engine
async def test_each_encoding_has_a_tag_of_its_own(studio: Studio) -> None:
    query = "{ __schema { types { name description } } }"
    answers = {
        coding: await get(studio, query, **{"accept-encoding": coding})
        for coding in ("identity", "gzip", "br", "zstd")
    }
    tags = {coding: response.headers["etag"] for coding, response in answers.items()}

    plain = tags["identity"].strip('"')
    assert tags == {
        "identity": f'"{plain}"',
        **{coding: f'"{plain}-{coding}"' for coding in ("gzip", "br", "zstd")},
    }
    for coding in tags:
        statuses = [
            (await get(studio, query, **{"accept-encoding": coding, "if-none-match": tag})).status_code
            for tag in tags.values()
        ]
        assert statuses == [304 if other == coding else 200 for other in tags]


@one_engine
async def test_head_is_answered_as_get_is_but_for_the_body(studio: Studio) -> None:
    def given(response: httpx.Response) -> dict[str, str]:
        return {name: value for name, value in response.headers.items() if name != "x-request-id"}

    for query in ("{ limits { maxNodes } }", "{ __schema { types { name description } } }"):
        fetched = await get(studio, query)
        head, known = [
            await studio.client.head("/graphql", params={"query": query}, headers=PREFLIGHTED | headers)
            for headers in ({}, {"if-none-match": fetched.headers["etag"]})
        ]

        assert (head.status_code, head.content, given(head)) == (200, b"", given(fetched))
        assert (known.status_code, known.headers["etag"]) == (304, fetched.headers["etag"])


@one_engine
async def test_a_document_that_is_asked_for_by_its_hash_is_kept_once_it_is_known(studio: Studio) -> None:
    query = "{ limits { maxNodes } }"
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}}

    async def by_hash() -> httpx.Response:
        given = {"extensions": json.dumps(persisted)}
        return await studio.client.get("/graphql", params=given, headers=PREFLIGHTED)

    unknown = await by_hash()
    await studio.client.post("/graphql", json={"query": query, "extensions": persisted})
    known = await by_hash()

    assert unknown.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert unknown.headers["cache-control"] == "no-store"
    assert known.headers["cache-control"] == "max-age=3600, public"
    assert known.headers["etag"] == (await get(studio, query)).headers["etag"]
