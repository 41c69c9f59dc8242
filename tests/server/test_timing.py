"""How long an answer took, as its header says: of this request alone, whatever runs at the same time."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest

from resolvers.context import Services
from server.app import create_app
from server.http.server_timing import TimingAudience
from server.settings import Settings
from tests.studio import Studio

TIMED = re.compile(
    r"parse;dur=(\d+\.\d\d), validate;dur=(\d+\.\d\d), execute;dur=(\d+\.\d\d), "
    r"database;dur=(\d+\.\d\d), total;dur=(\d+\.\d\d)"
)
NAME = '{ publication(url: "ai-research-studio") { name } }'

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


@asynccontextmanager
async def client_of(services: Services, shown: TimingAudience) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(server_timing=shown), services)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def timings(response: httpx.Response) -> dict[str, float]:
    found = TIMED.fullmatch(response.headers["server-timing"])
    assert found, response.headers["server-timing"]
    names = ("parse", "validate", "execute", "database", "total")
    return dict(zip(names, map(float, found.groups()), strict=True))


async def test_each_phase_is_timed_and_the_whole_is_longer_than_its_parts(studio: Studio) -> None:
    async with client_of(studio.services, TimingAudience.EVERYBODY) as client:
        # Such as nobody has sent before.
        asked = NAME.replace("name", " ".join(f"a{uuid4().hex}: name" for _ in range(200)))
        first, *later = [timings(await client.post("/graphql", json={"query": asked})) for _ in range(5)]

    # What has happened before is not done again: looking it up is all that is timed, unless the machine
    # had something else to do just then.
    for phase in ("parse", "validate"):
        assert first[phase] > 5 * min(spent[phase] for spent in later)
    for spent in (first, *later):
        assert 0 < spent["database"] < spent["execute"]
        assert spent["parse"] + spent["validate"] + spent["execute"] <= spent["total"]


@one_engine
@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (TimingAudience.NOBODY, [False, False, False]),
        (TimingAudience.VIEWERS, [False, False, True]),
        (TimingAudience.EVERYBODY, [True, True, True]),
    ],
)
async def test_a_setting_says_who_is_told(studio: Studio, shown: TimingAudience, told: list[bool]) -> None:
    tokens: tuple[dict[str, str], ...] = (
        {},
        {"authorization": "Bearer of nothing"},
        {"authorization": f"Bearer {studio.token('owner')}"},
    )
    async with client_of(studio.services, shown) as client:
        answers = [await client.post("/graphql", json={"query": NAME}, headers=given) for given in tokens]

    assert ["server-timing" in response.headers for response in answers] == told


@one_engine
async def test_signing_in_is_not_timed_for_who_tries(studio: Studio) -> None:
    query = 'mutation { login(input: {password: {email: "owner@example.com", password: "x"}}) { expiresAt } }'
    response = await studio.client.post("/graphql", json={"query": query})

    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "server-timing" not in response.headers


@one_engine
async def test_what_was_refused_has_no_phases(studio: Studio) -> None:
    async with client_of(studio.services, TimingAudience.EVERYBODY) as client:
        response = await client.post("/graphql", content=b"{")

    assert re.fullmatch(r"database;dur=0\.00, total;dur=\d+\.\d\d", response.headers["server-timing"])


@one_engine
async def test_a_document_that_does_not_parse_was_parsed_and_no_more(studio: Studio) -> None:
    async with client_of(studio.services, TimingAudience.EVERYBODY) as client:
        query = "{ a" + " ".join(f"a{n}: name" for n in range(500))
        spent = timings(await client.post("/graphql", json={"query": query}))

    assert spent["parse"] > 0
    assert (spent["validate"], spent["execute"], spent["database"]) == (0, 0, 0)


# Of the database

VIEWS = """{ publication(url: "ai-research-studio") {
  coCreators { name }
  views(range: {start: "2023-06-01", end: "2023-06-14"}, interval: DAY) { count }
} }"""
RECORD = "mutation($e: [EventInput!]!) { recordEvents(events: $e) { stored } }"


def counted(caplog: pytest.LogCaptureFixture) -> dict[str, int]:
    """Statements of each request, by the id that it came with."""
    records = [record.__dict__ for record in caplog.records if record.name == "viewgraph.requests"]
    return {record["request_id"]: record["statements"] for record in records}


async def test_statements_are_counted_for_the_request_that_asked_for_them(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "viewgraph.requests")
    queries = {
        "name": NAME,
        "views": VIEWS,
        "limits": "{ limits { maxNodes } }",
        "viewer": "{ viewer { name } }",
    }
    token = {"authorization": f"Bearer {studio.token('owner')}"}

    async def ask(name: str, prefix: str = "") -> None:
        headers = token | {"x-request-id": prefix + name}
        answer = await studio.send({"query": queries[name]}, headers)
        assert "errors" not in answer.body

    for name in queries:
        # The second time, a plan answers it.
        await ask(name, "first.")
        with studio.statements() as seen:
            await ask(name)
        alone = counted(caplog)
        assert alone[name] == len(seen)
    await asyncio.gather(*(ask(name, f"{n}-") for name in queries for n in range(5)))

    alone = {name: alone[name] for name in queries}
    assert alone == {"name": 2, "views": 3, "limits": 1, "viewer": 2}
    together = {name: found for name, found in counted(caplog).items() if "-" in name}
    assert together == {f"{n}-{name}": alone[name] for name in queries for n in range(5)}


async def test_what_is_written_for_many_belongs_to_nobody_of_them(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "viewgraph.requests")
    token = {"authorization": f"Bearer {studio.token('owner')}"}

    async def record(id: str) -> None:
        event = {"action": "VIEW", "subject": {"publicationId": studio.publication}}
        answer = await studio.send(
            {"query": RECORD, "variables": {"e": [event]}}, token | {"x-request-id": id}
        )
        assert answer.data == {"recordEvents": {"stored": 1}}

    await record("first")
    with studio.statements() as seen:
        await record("second")

    # It is known who asks, and where events of this publication go.
    found = counted(caplog)
    assert found["second"] == 0
    assert len(seen) > 0


async def test_what_is_written_at_once_is_counted_with_its_commit(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "viewgraph.requests")
    like = "mutation($p: ID!) { likePublication(publicationId: $p) { __typename } }"
    headers = {"authorization": f"Bearer {studio.token('stranger')}", "x-request-id": "like"}
    with studio.statements() as seen:
        await studio.send({"query": like, "variables": {"p": studio.publication}}, headers)

    (line,) = [record.__dict__ for record in caplog.records if record.name == "viewgraph.requests"]
    assert line["statements"] == len(seen) > 5
    assert 0 < line["database_ms"] < line["duration_ms"]
