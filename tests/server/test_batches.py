"""Requests that are a list of operations: who may send them, and how they are answered."""

import json
from asyncio import Event, sleep
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect

from server.app import create_app
from server.graphql.batches import Batches
from server.settings import Settings
from tests.server.test_logging import Lines, lines
from tests.studio import Answer, Studio

__all__ = ["lines"]

NAME = 'query Name { publication(url: "ai-research-studio") { name } }'
LIKES = 'query Likes { publication(url: "ai-research-studio") { metrics { totalLikes } } }'
LIKE = "mutation Like($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"
UNLIKE = "mutation Unlike($id: ID!) { unlikePublication(publicationId: $id) { publication { id } } }"
RENAME = """
mutation($input: UpdatePublicationInput!) { updatePublication(input: $input) { publication { id } } }
"""
ONE = "one-request"

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


@pytest.fixture
async def batching(studio: Studio) -> AsyncIterator[Studio]:
    """A server that takes lists of three."""
    app = create_app(Settings(max_operations=3), studio.services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://testserver"
    ) as studio.client:
        yield studio


async def send(studio: Studio, body: list[Any], by: str | None = None, **headers: str) -> httpx.Response:
    if by:
        headers["authorization"] = f"Bearer {studio.token(by)}"
    return await studio.client.post("/graphql", json=body, headers=headers)


def codes(response: httpx.Response) -> list[Any]:
    """The codes of the errors of each answer."""
    return [[error["extensions"]["code"] for error in one.get("errors", ())] for one in response.json()]


async def test_each_operation_is_answered_in_its_place(batching: Studio) -> None:
    response = await send(batching, [{"query": LIKES}, {"query": NAME}], "owner")

    assert (response.status_code, response.headers["content-type"]) == (
        200,
        "application/json; charset=utf-8",
    )
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == [
        {"data": {"publication": {"metrics": {"totalLikes": 0}}}},
        {"data": {"publication": {"name": "Ai Research Studio"}}},
    ]


async def test_operations_around_a_mutation_run_in_their_order(batching: Studio) -> None:
    given = {"id": batching.publication}
    response = await send(
        batching,
        [{"query": LIKE, "variables": given}, {"query": LIKES}, {"query": UNLIKE, "variables": given}],
        "owner",
    )

    assert codes(response) == [[], [], []]
    assert response.json()[1]["data"] == {"publication": {"metrics": {"totalLikes": 1}}}
    assert await batching.count("likes") == 0


async def test_an_operation_that_fails_leaves_the_others_alone(batching: Studio) -> None:
    response = await send(
        batching,
        [{"query": "{ nothing }"}, {"query": "{"}, {"query": NAME}],
        accept="application/graphql-response+json, application/json",
    )

    assert (response.status_code, response.headers["content-type"]) == (
        200,
        "application/json; charset=utf-8",
    )
    assert codes(response) == [["GRAPHQL_VALIDATION_FAILED"], ["GRAPHQL_PARSE_FAILED"], []]
    assert response.json()[2] == {"data": {"publication": {"name": "Ai Research Studio"}}}


@one_engine
async def test_a_few_queries_run_side_by_side(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = [0]
    usual = Batches._done

    async def done(*given: Any) -> Any:
        running.append(running[-1] + 1)
        await sleep(0)
        result = await usual(*given)
        running.append(running[-1] - 1)
        return result

    monkeypatch.setattr(Batches, "_done", done)
    app = create_app(Settings(max_operations=10), studio.services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.post("/graphql", json=[{"query": NAME}] * 10)

    assert response.json() == [{"data": {"publication": {"name": "Ai Research Studio"}}}] * 10
    assert (max(running), running[-1]) == (4, 0)


@one_engine
@pytest.mark.parametrize(("query", "ended"), [(NAME, [2, 3]), (LIKE, [])])
async def test_nothing_of_a_list_runs_on_when_its_client_is_gone(
    batching: Studio, monkeypatch: pytest.MonkeyPatch, query: str, ended: list[int]
) -> None:
    """What was begun ends, and the rest does not begin."""
    done: list[int] = []

    async def waiting(_batches: Batches, _part: Any, _asked: Any, id: str) -> None:
        if id.endswith("-1"):
            raise ClientDisconnect
        try:
            await Event().wait()
        finally:
            done.append(int(id[-1]))

    monkeypatch.setattr(Batches, "_done", waiting)
    response = await send(batching, [{"query": query}] * 3)

    assert (response.status_code, sorted(done)) == (499, ended)


@one_engine
async def test_a_viewer_sees_in_a_list_what_the_viewer_sees_alone(batching: Studio) -> None:
    assert codes(await send(batching, [{"query": LIKES}, {"query": NAME}], "stranger")) == [["FORBIDDEN"], []]


@one_engine
async def test_a_list_is_never_kept(batching: Studio) -> None:
    first = await send(batching, [{"query": NAME}])
    await batching.ask(RENAME, "owner", input={"id": batching.publication, "name": "Another"})
    second = await send(batching, [{"query": NAME}])

    assert first.json() == [{"data": {"publication": {"name": "Ai Research Studio"}}}]
    assert second.json() == [{"data": {"publication": {"name": "Another"}}}]


@one_engine
async def test_subscriptions_are_refused_in_a_list(batching: Studio) -> None:
    subscription = 'subscription { publicationMetricsChanged(url: "ai-research-studio") { name } }'
    response = await send(batching, [{"query": subscription}, {"query": NAME}], "owner")

    assert codes(response)[1] == []
    (error,) = response.json()[0]["errors"]
    assert error["message"] == "A subscription has several answers: send it as a request of its own."
    assert error["extensions"]["code"] == "BAD_REQUEST"


@one_engine
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "The list has no operation."),
        (
            json.dumps([{"query": NAME}] * 4).encode(),
            "A request may have 3 operations, and this has 4: send several requests.",
        ),
        (b" [1]", "The body is no list of requests: Expected `object`, got `int` - at `$[0]`."),
        (b"[[]]", "The body is no list of requests: Expected `object`, got `array` - at `$[0]`."),
        (b"[", "The body is no list of requests: Input data was truncated."),
    ],
)
async def test_a_list_that_is_none_is_refused_as_a_whole(batching: Studio, body: bytes, why: str) -> None:
    response = await batching.client.post(
        "/graphql", content=body, headers={"content-type": "application/json"}
    )

    answer = Answer(response.status_code, response.headers, response.json())
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert answer.body["errors"][0]["message"] == why


@one_engine
async def test_without_the_setting_a_list_is_refused(studio: Studio) -> None:
    answer = await studio.send([{"query": NAME}])

    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert answer.body["errors"][0]["message"] == (
        "This server answers one operation in each request. "
        "The setting VIEWGRAPH_MAX_OPERATIONS allows lists."
    )


@one_engine
async def test_each_operation_has_a_line_and_pays_for_itself(batching: Studio, lines: Lines) -> None:
    before = len(lines())
    alone = await send(batching, [{"query": NAME}], **{"x-request-id": ONE})
    both = await send(batching, [{"query": NAME}, {"query": "{"}], **{"x-request-id": ONE})

    told = [
        {name: line.get(name) for name in ("request_id", "operation", "cost", "errors")}
        for line in lines()[before:]
    ]
    named = {"operation": "Name", "cost": 2, "errors": None}
    assert told[0] == {"request_id": "one-request-1"} | named
    assert sorted(told[1:], key=lambda line: str(line["request_id"])) == [
        {"request_id": "one-request-1"} | named,
        {"request_id": "one-request-2", "operation": None, "cost": None, "errors": ["GRAPHQL_PARSE_FAILED"]},
    ]
    assert both.json()[1]["errors"][0]["extensions"]["requestId"] == "one-request-2"
    assert (alone.headers["x-request-id"], both.headers["x-request-id"]) == (ONE, ONE)
