"""Limits by cost, as clients meet them: what is refused, how it is told, and that nothing of it was done."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

from auth.rates import ANY, RateLimits, Rates
from auth.tokens import Claims
from base.ids import parse_global_id
from server.app import create_app
from server.settings import Settings
from tests.auth.asking import reached_from
from tests.studio import Answer, Studio

Open = Callable[..., Studio]

CHEAP = "{ limits { maxCost } }"
LIMIT = "{ rateLimit { cost limit remaining restoreRate fullAt } }"
LIKE = """mutation($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"""
ADDRESS = "192.0.2.1"

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest_asyncio.fixture
async def limited(studio: Studio) -> AsyncIterator[Open]:
    """The studio with limits, asked from an address."""
    async with AsyncExitStack() as stack:

        def opened(queries: Rates = ANY, mutations: Rates = ANY, address: str = ADDRESS) -> Studio:
            services = replace(studio.services, rates=RateLimits(queries, mutations))
            opened = reached_from(studio, address, services)
            stack.push_async_callback(opened.client.aclose)
            return opened

        yield opened


def assert_throttled(answer: Answer, seconds: int, what: str) -> None:
    assert answer.status == 429
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.headers["cache-control"] == "no-store"
    assert "data" not in answer.body
    assert answer.extensions == {"code": "THROTTLED", "retryAfter": seconds}
    (error,) = answer.body["errors"]
    assert error["message"] == f"{what}, and no more. Try again in {seconds} s."


async def test_an_address_gets_what_its_limit_says_and_then_waits(limited: Open) -> None:
    studio = limited(Rates(address="10 per minute"))
    # An object and a leaf: 1.1, so 2.
    for _ in range(5):
        assert (await studio.ask(CHEAP)).data

    with studio.statements() as statements:
        answer = await studio.ask(CHEAP)

    assert_throttled(answer, 12, "The queries of one address may cost 10 in 60 s")
    assert statements == []
    studio.clock.advance(seconds=11.5)
    assert_throttled(await studio.ask(CHEAP), 1, "The queries of one address may cost 10 in 60 s")
    studio.clock.advance(seconds=0.5)
    assert (await studio.ask(CHEAP)).data
    assert (await studio.ask(CHEAP)).code == "THROTTLED"


async def test_a_caller_waits_alone(limited: Open, studio: Studio) -> None:
    """By the network of the address for who is not signed in, and by themselves for who is."""
    first = limited(Rates("2 per minute", "2 per minute"), address="2001:db8::1")
    assert (await first.ask(CHEAP)).data
    codes = {}
    for address in ("2001:db8::2", "2001:db8:0:1::1", "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"):
        here = reached_from(studio, address, first.services)
        codes[address] = (await here.ask(CHEAP)).status
        await here.client.aclose()

    assert codes == {
        "2001:db8::2": 429,
        "2001:db8:0:1::1": 200,
        "::ffff:192.0.2.1": 200,
        "192.0.2.1": 429,
        "192.0.2.2": 200,
    }
    assert [(await first.ask(CHEAP, name)).status for name in ("owner", "stranger", "owner")] == [
        200,
        200,
        429,
    ]


async def test_a_user_has_one_limit_with_all_tokens_of_a_kind(limited: Open) -> None:
    """However many workspaces somebody has: they do not add up."""
    studio = limited(Rates(user="2 per minute"))
    organization = _token(studio, studio.organization)
    workspaces = [_token(studio, studio.organization, workspace) for workspace in studio.workspaces]

    statuses = [
        (await studio.send({"query": CHEAP}, {"authorization": f"Bearer {token}"})).status
        for token in (studio.token("admin"), organization, *workspaces, studio.token("admin"), organization)
    ]

    assert statuses == [200, 200, 200, 429, 429, 429]


def _token(studio: Studio, organization: str, workspace: str | None = None) -> str:
    """Of the admin."""
    _, inside = parse_global_id(organization)
    place = parse_global_id(workspace)[1] if workspace else None
    claims = Claims(studio.people["admin"].row.public_id, inside, place)
    return studio.services.signer.issue(claims, studio.clock.now).text


async def test_a_token_that_does_not_count_is_limited_by_its_address(limited: Open) -> None:
    studio = limited(Rates("off", "2 per minute"))

    bad = {"authorization": "Bearer x"}
    assert (await studio.send({"query": CHEAP}, bad)).status == 200
    assert (await studio.send({"query": CHEAP}, bad)).status == 429
    assert (await studio.ask(CHEAP)).status == 429
    assert (await studio.ask(CHEAP, "owner")).status == 200


async def test_a_mutation_that_is_refused_changes_nothing(limited: Open) -> None:
    studio = limited(Rates("2 per minute"), Rates("102 per hour"))
    id = studio.publication
    # What queries may cost is another limit.
    assert (await studio.ask(CHEAP, "owner")).data
    assert (await studio.ask(LIKE, "stranger", id=id)).data

    with studio.statements() as statements:
        answer = await studio.ask(LIKE.replace("likePublication", "bookmarkPublication"), "stranger", id=id)

    assert_throttled(answer, 3600, "The mutations of one user may cost 102 in 3,600 s")
    assert [text for text in statements if not text.startswith("SELECT")] == []
    assert await studio.count("bookmarks") == 0
    assert (await studio.ask(CHEAP, "stranger")).data


async def test_events_that_are_refused_are_not_stored(limited: Open) -> None:
    """Ten events cost 1, and sending them 5."""
    studio = limited(mutations=Rates("25 per hour"))
    events = [{"subject": {"publicationId": studio.publication}, "action": "VIEW"}] * 200
    query = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }"
    assert (await studio.ask(query, "owner", events=events)).data["recordEvents"] == {"stored": 200}
    stored = await studio.count("events")

    answer = await studio.ask(query, "owner", events=events[:1])

    assert_throttled(answer, 720, "The mutations of one user may cost 25 in 3,600 s")
    assert await studio.count("events") == stored == 200


@only_sqlite
async def test_a_document_with_mistakes_is_paid_for_too(limited: Open) -> None:
    studio = limited(Rates(address="10 per minute"))
    mistakes = {"{ nothing }": "GRAPHQL_VALIDATION_FAILED", "{": "GRAPHQL_PARSE_FAILED"}
    for query, code in mistakes.items():
        for _ in range(2):
            answer = await studio.ask(query)
            assert (answer.status, answer.code) == (200, code)
    # By its length: 1 for each 20 characters that are begun.
    assert (await studio.ask(f"{{ nothing {' ' * 100} }}")).code == "GRAPHQL_VALIDATION_FAILED"

    what = "The queries of one address may cost 10 in 60 s"
    for query, seconds in (*zip(mistakes, (6, 6), strict=True), (CHEAP, 12)):
        assert_throttled(await studio.ask(query), seconds, what)


@only_sqlite
async def test_what_costs_more_than_the_limit_is_done_once_and_paid_off(limited: Open) -> None:
    studio = limited(Rates(address="10 per minute"))
    query = "{ publications(first: 10) { edges { cursor } } }"

    answer = await studio.ask(query)

    assert answer.data
    assert answer.headers["ratelimit"] == '"queries";r=0;t=72'
    assert_throttled(await studio.ask(query), 72, "The queries of one address may cost 10 in 60 s")


@only_sqlite
async def test_every_answer_says_what_is_left(limited: Open) -> None:
    studio = limited(Rates("1000 per minute", "100 per minute"), Rates("500 per hour", "off"))

    answers = {
        "queries": await studio.ask(CHEAP),
        "a user's": await studio.ask(CHEAP, "owner"),
        "mutations": await studio.ask(LIKE, "owner", id=studio.publication),
        "with errors": await studio.ask('{ publication(url: "none") { id } }'),
        "refused": await studio.ask("{ nothing }"),
        "not limited": await studio.ask(LIKE, id=studio.publication),
        "not read": await studio.send({"query": 1}),
    }

    seen = {
        name: (answer.headers.get("ratelimit"), answer.headers.get("ratelimit-policy"))
        for name, answer in answers.items()
    }
    queries = '"queries";q=100;w=60;qu="cost"'
    assert seen == {
        "queries": ('"queries";r=98;t=2', queries),
        "a user's": ('"queries";r=998;t=1', '"queries";q=1000;w=60;qu="cost"'),
        "mutations": ('"mutations";r=398;t=735', '"mutations";q=500;w=3600;qu="cost"'),
        "with errors": ('"queries";r=96;t=3', queries),
        "refused": ('"queries";r=95;t=3', queries),
        "not limited": (None, None),
        "not read": (None, None),
    }


async def test_the_limit_is_told_in_the_schema(limited: Open) -> None:
    studio = limited(Rates("600 per minute", "10 per minute"))

    assert (await studio.ask(LIMIT)).data["rateLimit"] == {
        "cost": 2,
        "limit": 10,
        "remaining": 8,
        "restoreRate": 1 / 6,
        "fullAt": "2023-06-15T12:00:12Z",
    }
    assert (await studio.ask(LIMIT, "owner")).data["rateLimit"] == {
        "cost": 2,
        "limit": 600,
        "remaining": 598,
        "restoreRate": 10.0,
        "fullAt": "2023-06-15T12:00:00.200000Z",
    }
    answer = await studio.ask(LIMIT)
    assert answer.data["rateLimit"]["remaining"] == 6
    assert answer.headers["cache-control"] == "no-store"


@only_sqlite
async def test_nothing_is_told_where_nothing_is_limited(studio: Studio) -> None:
    answer = await studio.ask(LIMIT)

    assert answer.data == {"rateLimit": None}
    assert "ratelimit" not in answer.headers


@only_sqlite
async def test_what_is_told_of_a_limit_is_kept_by_nobody(limited: Open) -> None:
    studio = limited(Rates(address="10 per minute"))

    response = await studio.client.get(
        "/graphql", params={"query": LIMIT}, headers={"graphql-require-preflight": "1"}
    )

    assert response.json()["data"]["rateLimit"]["remaining"] == 8
    assert response.headers["cache-control"] == "private, no-cache"
    assert response.headers["ratelimit"] == '"queries";r=8;t=12'


@only_sqlite
async def test_pages_of_other_sites_may_read_the_headers(limited: Open) -> None:
    studio = limited(Rates(address="10 per minute"))
    transport = ASGITransport(create_app(Settings(cors_origins="https://a.test"), studio.services))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.post("/graphql", json={"query": CHEAP}, headers={"origin": "https://a.test"})

    assert {"ratelimit", "ratelimit-policy", "retry-after"} <= set(
        response.headers["access-control-expose-headers"].split(", ")
    )


@only_sqlite
async def test_whoever_sends_a_long_document_first_pays_for_its_length(limited: Open) -> None:
    studio = limited(Rates(address="1000 per minute"))
    fields = " ".join(f"length{number}: __typename" for number in range(100))
    long = f"{{ {fields} rateLimit {{ cost remaining }} }}"

    first, second = await studio.ask(long), await studio.ask(long)

    # 100 names with a colon and a field, the braces, and the limit: 307 tokens, 100 of them for nothing.
    cost = first.data["rateLimit"]["cost"]
    assert first.data["rateLimit"]["remaining"] == 1000 - cost - 207
    assert second.data["rateLimit"] == {"cost": cost, "remaining": 1000 - 2 * cost - 207}
