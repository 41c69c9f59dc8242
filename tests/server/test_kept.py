"""Answers that are kept: the same bytes without executing, for exactly who may have them, while they hold."""

import gc
import json
from asyncio import CancelledError, create_task, gather, sleep
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from auth.rates import RateLimits, Rates
from server.app import create_app
from server.graphql.keeping import Keeping
from server.services import close_services, services_of
from server.settings import Settings
from tests.conftest import client_of
from tests.server.keeping import heard, kept_of, marks, telling
from tests.server.test_caching import PUBLIC, get, post
from tests.server.test_request_scope import BROWSER, TRACE, written
from tests.studio import Clock, Studio, services_for

FIGURES = '{ publication(url: "ai-research-studio") { name metrics { totalViews totalLikes } } }'
LIKE = "mutation($p: ID!) { likePublication(publicationId: $p) { __typename } }"
RENAME = """mutation($p: ID!, $n: String!) {
  updatePublication(input: {id: $p, name: $n}) { publication { name } } }"""
NAME = '{ publication(url: "ai-research-studio") { name } }'
OWN = {"x-request-id", "server-timing", "ratelimit", "ratelimit-policy"}

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


@pytest_asyncio.fixture
async def kept(studio: Studio) -> AsyncIterator[Studio]:
    async with kept_of(studio) as kept:
        yield kept


@pytest_asyncio.fixture
async def other(studio: Studio, database_url: str, clock: Clock) -> AsyncIterator[Studio]:
    """The same studio as another process has it."""
    services = telling(services_for(database_url, clock))
    async with client_of(services) as client:
        yield replace(studio, services=services, client=client)
    await close_services(services)


async def is_kept(studio: Studio, asked: Any) -> bool:
    """Whether the answer is given without a statement."""
    with studio.statements() as statements:
        response = await asked
    assert response.status_code < 400
    return not statements


def shown(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name not in OWN}
    return response.status_code, response.content, headers


async def who(studio: Studio, by: str) -> dict[str, str]:
    return {"authorization": f"Bearer {studio.token(by)}"}


async def ask(studio: Studio, query: str, headers: dict[str, str]) -> httpx.Response:
    return await studio.client.post("/graphql", json={"query": query}, headers=headers)


# The same answer


async def test_what_was_answered_once_is_answered_without_a_statement(kept: Studio) -> None:
    given = {"x-request-id": "mine", "traceparent": TRACE}
    first = await post(kept, PUBLIC)
    with kept.statements() as statements, written() as lines:
        again = await kept.client.post("/graphql", json={"query": PUBLIC, "variables": {}}, headers=given)

    assert shown(again) == shown(first)
    assert statements == []
    assert again.headers["x-request-id"] == "mine"
    (line,) = lines()
    assert line.pop("duration_ms") > 0
    del line["timestamp"]
    assert line.pop("document")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "viewgraph.requests",
        "request_id": "mine",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "parent_id": "00f067aa0ba902b7",
        "method": "POST",
        "status": 200,
        "bytes": len(first.content),
        "type": "query",
        "cost": 220,
        "viewer": "anonymous",
        "statements": 0,
        "database_ms": 0.0,
        "kept": True,
    }


async def test_get_head_and_304_are_answered_from_what_get_was_answered(kept: Studio) -> None:
    first = await get(kept, PUBLIC)
    tag = first.headers["etag"]
    preflighted = {"graphql-require-preflight": "1"}
    with kept.statements() as statements:
        again = await get(kept, PUBLIC)
        head = await kept.client.head("/graphql", params={"query": PUBLIC}, headers=preflighted)
        known = [
            await get(kept, PUBLIC, **{"if-none-match": known})
            for known in (tag, f"W/{tag}", "*", f'"of another", {tag}')
        ]
        unknown = await get(kept, PUBLIC, **{"if-none-match": '"of another"'})

    assert statements == []
    assert shown(again) == shown(unknown) == shown(first)
    assert shown(head) == (200, b"", shown(first)[2])
    for one in known:
        assert (one.status_code, one.content, one.headers["etag"]) == (304, b"", tag)
        assert one.headers["cache-control"] == "max-age=60, public"
        assert not {"content-type", "content-length"} & one.headers.keys()


@one_engine
async def test_what_was_found_unmodified_says_so_again_but_is_no_answer(kept: Studio) -> None:
    tag = (await get(kept, FIGURES, "owner")).headers["etag"]
    headers = {"authorization": f"Bearer {kept.token('owner')}", "graphql-require-preflight": "1"}

    async def asked(**more: str) -> httpx.Response:
        return await kept.client.get("/graphql", params={"query": FIGURES}, headers=headers | more)

    assert (await asked(**{"if-none-match": tag})).status_code == 304
    assert await is_kept(kept, asked(**{"if-none-match": tag}))
    assert not await is_kept(kept, asked())
    assert await is_kept(kept, asked())


@one_engine
async def test_each_form_is_kept_by_itself(kept: Studio) -> None:
    query = "{ __schema { types { name description } } }"
    forms = (
        {"accept-encoding": "gzip"},
        {"accept-encoding": "identity"},
        {"accept": "application/graphql-response+json"},
        {"accept": "text/event-stream"},
        {"host": "elsewhere"},
    )
    first = [shown(await get(kept, query, **form)) for form in forms]

    again = [shown(await get(kept, query, **form)) for form in forms]

    assert again == first
    assert len({content for _, content, _ in first}) == 2
    assert [headers["content-type"].partition(";")[0] for _, _, headers in first] == [
        "application/json",
        "application/json",
        "application/graphql-response+json",
        "text/event-stream",
        "application/json",
    ]


@one_engine
async def test_pages_of_other_sites_get_their_own_headers(studio: Studio) -> None:
    async with kept_of(studio) as kept:
        app = create_app(Settings(cors_origins="https://a.example,https://b.example"), kept.services)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            for _ in range(2):
                for origin in ("https://a.example", "https://b.example", "https://c.example"):
                    response = await client.post(
                        "/graphql", json={"query": PUBLIC}, headers={"origin": origin}
                    )
                    allowed = response.headers.get("access-control-allow-origin")
                    assert allowed == (None if "c." in origin else origin)
                    assert "Origin" in response.headers["vary"]


# Not kept


@one_engine
@pytest.mark.parametrize(
    ("query", "by"),
    [
        ("{ nope }", None),
        ('{ publication(url: "nowhere") { name } }', None),
        (FIGURES, "stranger"),
        ("{ rateLimit { remaining } viewer { name } }", "owner"),
        ("mutation { recordEvents(events: []) { stored } }", "owner"),
        ('mutation { createAuthenticationKey(input: {name: "CI"}) { secret } }', "owner"),
    ],
)
async def test_errors_mutations_and_what_changes_by_itself_are_made_anew(
    kept: Studio, query: str, by: str | None
) -> None:
    headers = await who(kept, by) if by else {}
    with written() as lines:
        for _ in range(3):
            await ask(kept, query, headers)

    assert [line.get("kept") for line in lines()] == [None] * 3


@one_engine
async def test_invalid_credentials_are_refused_each_time(kept: Studio) -> None:
    with written() as lines:
        for _ in range(3):
            response = await ask(kept, NAME, {"authorization": "Bearer of nothing"})
            assert response.status_code == 200

    assert [line.get("kept") for line in lines()] == [None] * 3


@one_engine
async def test_a_document_is_registered_each_time_that_it_is_sent(kept: Studio) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    with written() as lines:
        for _ in range(2):
            await kept.client.post("/graphql", json={"query": NAME, "extensions": extensions})

    assert [line.get("kept") for line in lines()] == [None] * 2


async def test_nothing_of_a_request_waits_for_the_collector(kept: Studio) -> None:
    for _ in range(2):
        # The first time, GraphQL's executor answers, which leaves garbage.
        await post(kept, NAME, unused="first")
    gc.collect()
    gc.disable()
    try:
        for number in range(5):
            assert not await is_kept(kept, post(kept, NAME, unused=number))
        left = [one for one in gc.get_objects() if isinstance(one, Keeping)]
    finally:
        gc.enable()
    assert left == []


@one_engine
async def test_large_requests_and_answers_are_not_kept_and_bytes_are_bounded(studio: Studio) -> None:
    async with kept_of(studio) as kept:
        app = create_app(Settings(kept_answer_bytes=10_000), kept.services)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            small = replace(kept, client=client)
            # What the client sends counts, too.
            for size in (16_384, 8_000):
                large = {"query": f"{NAME} #{'x' * size}"}
                for _ in range(2):
                    assert not await is_kept(small, client.post("/graphql", json=large))
            schema = "{ __schema { types { name description fields { name description } } } }"
            with written() as lines:
                for _ in range(2):
                    await post(small, schema)
            assert [line.get("kept") for line in lines()] == [None, None]
            for number in range(5):
                await post(small, f"query Q{number} {NAME}")
            assert [await is_kept(small, post(small, f"query Q{n} {NAME}")) for n in (4, 3, 0)] == [
                True,
                True,
                False,
            ]


@pytest.mark.parametrize("setting", ["kept_answer_bytes", "cache_seconds"])
async def test_two_settings_turn_it_off(setting: str, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/none.sqlite3"
    settings = Settings(database_url=url, secret=SecretStr("s" * 40))
    for given, keeps in ((settings, True), (settings.model_copy(update={setting: 0}), False)):
        services = services_of(given)
        assert services.keeps_answers is keeps
        await close_services(services)


# While it holds


async def test_everybody_reads_their_own_writes_and_makers_every_event_at_once(
    kept: Studio, other: Studio
) -> None:
    owner = await who(kept, "owner")
    view = [{"subject": {"publicationId": kept.publication}, "action": "VIEW"}]

    async def totals() -> dict[str, int]:
        response = await ask(kept, FIGURES, owner)
        return dict(response.json()["data"]["publication"]["metrics"])

    assert await totals() == {"totalViews": 0, "totalLikes": 0}
    assert await is_kept(kept, ask(kept, FIGURES, owner))
    assert (await kept.ask(LIKE, "owner", p=kept.publication)).data
    assert await totals() == {"totalViews": 0, "totalLikes": 1}
    await kept.report(view, "owner")
    assert await totals() == {"totalViews": 1, "totalLikes": 1}
    assert await is_kept(kept, ask(kept, FIGURES, owner))
    before = marks(kept)
    await other.report(view, "owner")
    await heard(kept, before)
    assert await totals() == {"totalViews": 2, "totalLikes": 1}


async def test_an_owner_s_change_is_seen_at_once_by_everybody_in_every_process(
    kept: Studio, other: Studio
) -> None:
    async def name() -> str:
        found: str = (await post(kept, NAME)).json()["data"]["publication"]["name"]
        return found

    assert await name() == "Ai Research Studio"
    assert (await kept.ask(RENAME, "owner", p=kept.publication, n="Here")).data
    assert await name() == "Here"
    before = marks(kept)
    assert (await other.ask(RENAME, "owner", p=kept.publication, n="There")).data
    await heard(kept, before)
    assert await name() == "There"


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_events_do_not_end_what_nobody_in_particular_is_told(kept: Studio, other: Studio) -> None:
    view = [{"subject": {"publicationId": kept.publication}, "action": "VIEW"}]
    await kept.client.post("/collect", json=view, headers=BROWSER)
    await post(kept, PUBLIC)
    await kept.client.post("/collect", json=view, headers=BROWSER)
    before = marks(kept)
    await other.client.post("/collect", json=view, headers=BROWSER)
    await heard(kept, before)

    assert await is_kept(kept, post(kept, PUBLIC))


@one_engine
async def test_what_caches_may_keep_is_kept_as_long_and_all_else_until_the_minute_ends(kept: Studio) -> None:
    kept.clock.advance(seconds=30)
    owner = await who(kept, "owner")
    await post(kept, PUBLIC)
    await ask(kept, FIGURES, owner)

    kept.clock.advance(seconds=29)
    assert await is_kept(kept, post(kept, PUBLIC))
    assert await is_kept(kept, ask(kept, FIGURES, owner))
    kept.clock.advance(seconds=1)
    assert await is_kept(kept, post(kept, PUBLIC))
    assert not await is_kept(kept, ask(kept, FIGURES, owner))
    kept.clock.advance(seconds=30)
    assert not await is_kept(kept, post(kept, PUBLIC))


async def test_a_token_that_expires_and_a_key_that_is_revoked_end_their_answers(
    kept: Studio, other: Studio
) -> None:
    made = await kept.ask(
        """mutation { createAuthenticationKey(input: {name: "CI"}) { secret authenticationKey { id } } }""",
        "owner",
    )
    key = made.data["createAuthenticationKey"]
    by_key = {"authorization": f"Token {key['secret']}"}
    by_token = await who(kept, "owner")
    for headers in (by_key, by_token):
        await ask(kept, FIGURES, headers)
        assert await is_kept(kept, ask(kept, FIGURES, headers))

    before = marks(kept)
    revoke = "mutation($id: ID!) { revokeAuthenticationKey(id: $id) { __typename } }"
    assert (await other.ask(revoke, "owner", id=key["authenticationKey"]["id"])).data
    await heard(kept, before)
    refused = (await ask(kept, FIGURES, by_key)).json()
    assert refused["data"]["publication"]["metrics"] is None
    await ask(kept, "{ limits { maxCost } }", by_token)
    kept.clock.advance(minutes=59)
    assert (await ask(kept, "{ limits { maxCost } }", by_token)).status_code == 200
    kept.clock.advance(minutes=1)
    with written() as lines:
        await ask(kept, "{ limits { maxCost } }", by_token)
    assert [line["viewer"] for line in lines()] == ["invalid token"]


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_while_others_are_not_heard_nothing_is_kept(studio: Studio) -> None:
    async with kept_of(studio) as kept:
        await post(kept, PUBLIC)
        assert await is_kept(kept, post(kept, PUBLIC))
    async with client_of(kept.services) as client:
        deaf = replace(kept, client=client)
        for _ in range(2):
            assert not await is_kept(deaf, post(deaf, PUBLIC))


# What it costs


@one_engine
async def test_a_kept_answer_is_charged_as_it_was_when_it_was_made(studio: Studio) -> None:
    limited = replace(studio, services=replace(studio.services, rates=RateLimits(Rates("10 per minute"))))
    async with kept_of(limited) as kept:
        owner = await who(kept, "owner")
        with written() as lines:
            answers = [await ask(kept, "{ limits { maxCost } }", owner) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    # To make it first cost more: the document was new.
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == [
        f"r={left}" for left in (8, 6, 4, 2, 0, 0)
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"queries";q=10;w=60;qu="cost"'}
    assert [line.get("kept", False) for line in lines()] == [False, True, True, True, True, False]
    assert ["server-timing" in answer.headers for answer in answers] == [True] * 6


async def test_who_asks_the_same_at_once_waits_for_the_first(kept: Studio) -> None:
    with kept.statements() as alone:
        await post(kept, f"query Alone {PUBLIC}")
    with kept.statements() as together:
        answers = await gather(*(post(kept, f"query Both {PUBLIC}") for _ in range(5)))

    assert len({answer.content for answer in answers}) == 1
    assert len(together) == len(alone)


async def test_who_gives_up_takes_nobody_along(kept: Studio) -> None:
    owner = await who(kept, "owner")
    first, second, third = (create_task(ask(kept, FIGURES, owner)) for _ in range(3))
    await sleep(0)
    await sleep(0)
    first.cancel()

    answers = await gather(first, second, third, return_exceptions=True)

    assert isinstance(answers[0], CancelledError)
    for answer in answers[1:]:
        assert isinstance(answer, httpx.Response)
        assert answer.json()["data"]["publication"]["metrics"] == {"totalViews": 0, "totalLikes": 0}


@one_engine
async def test_a_body_that_comes_slowly_is_read_to_its_end(kept: Studio) -> None:
    content = json.dumps({"query": NAME}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield content[:10]
        await sleep(0.01)
        yield content[10:]

    headers = {"content-type": "application/json", "content-length": str(len(content))}
    for _ in range(2):
        response = await kept.client.post("/graphql", content=pieces(), headers=headers)
        assert response.json()["data"]["publication"]["name"] == "Ai Research Studio"
