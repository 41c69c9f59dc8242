"""GraphQL over HTTP, by GET: parameters in the URL, and queries alone."""

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.program import Program
from tests.studio import Answer, Studio

PREFLIGHTED = {"graphql-require-preflight": "1"}
GRAPHQL = {"accept": "application/graphql-response+json"}

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


async def get(
    client: httpx.AsyncClient, query: str | None = None, headers: dict[str, str] | None = None, **given: Any
) -> Answer:
    """Objects are written as JSON."""
    parameters = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in {"query": query, **given}.items()
        if value is not None
    }
    response = await client.get("/graphql", params=parameters, headers=PREFLIGHTED | (headers or {}))
    return Answer(response.status_code, response.headers, response.json())


async def get_as_it_stands(client: httpx.AsyncClient, query_string: str) -> Answer:
    response = await client.get(f"/graphql?{query_string}", headers=PREFLIGHTED)
    return Answer(response.status_code, response.headers, response.json())


def message(answer: Answer) -> str:
    (error,) = answer.body["errors"]
    shown: str = error["message"]
    return shown


@one_engine
async def test_a_query_is_read_with_its_variables(client: httpx.AsyncClient) -> None:
    answer = await get(
        client,
        "query A($u: String!) { publication(url: $u) { id } } query B($is: Boolean!) "
        "{ limits { maxNodes @include(if: $is) maxEvents @skip(if: $is) } }",
        variables={"is": True},
        operationName="B",
        extensions={"some": "value"},
    )

    assert answer.status == 200
    assert answer.data == {"limits": {"maxNodes": 100}}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "max-age=3600, public"


@one_engine
async def test_parameters_that_are_empty_were_not_given(client: httpx.AsyncClient) -> None:
    answer = await get(client, "{ limits { maxNodes } }", variables="", operationName="", extensions="")

    assert answer.data == {"limits": {"maxNodes": 100}}


@one_engine
async def test_plus_is_a_space_and_other_parameters_are_no_matter(client: httpx.AsyncClient) -> None:
    answer = await get_as_it_stands(
        client, "query=query+null%7Blimits%7BmaxNodes%7D%7D&operationName=null&x=1"
    )

    assert answer.data == {"limits": {"maxNodes": 100}}


async def test_whoever_signs_in_reads_what_is_theirs(studio: Studio) -> None:
    token = {"authorization": f"Bearer {studio.token('owner')}"}
    query = '{ publication(url: "ai-research-studio") { metrics { totalLikes } } }'

    assert (await get(studio.client, query, token)).data == {"publication": {"metrics": {"totalLikes": 0}}}
    assert (await get(studio.client, query)).errors == [("UNAUTHENTICATED", "publication.metrics")]


@one_engine
@pytest.mark.parametrize(
    ("query_string", "why"),
    [
        ("query=%ff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
        ("query={__typename}&query={__typename}", "A parameter is given twice."),
        ("query={__typename}&variables=[]", "Expected `object | null`, got `array`."),
        ("query={__typename}&variables=%22x%22", "Expected `object | null`, got `str`."),
        ("query={__typename}&variables={", "Input data was truncated."),
        ("query={__typename}&extensions=1", "Expected `object | null`, got `int`."),
        (
            "&".join(["query={__typename}", *(f"x{n}=1" for n in range(100))]),
            "Max number of fields exceeded.",
        ),
        (
            "query={__typename}&variables={%22a%22:" + "[" * 20_000 + "]" * 20_000 + "}",
            "maximum recursion depth exceeded while deserializing an object.",
        ),
    ],
)
async def test_a_url_that_is_no_request_is_refused_and_told_why(
    client: httpx.AsyncClient, query_string: str, why: str
) -> None:
    answer = await get_as_it_stands(client, query_string)

    assert answer.status == 400
    assert message(answer) == f"The URL is no GraphQL request: {why}"
    assert answer.extensions == {"code": "BAD_REQUEST"}


@one_engine
@pytest.mark.parametrize("query_string", ["", "x=1", "documentId="])
async def test_a_url_without_a_document_is_refused(client: httpx.AsyncClient, query_string: str) -> None:
    answer = await get_as_it_stands(client, query_string)

    assert answer.status == 400
    assert message(answer) == "There is neither a `query` nor a `documentId`."


@one_engine
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ("fragment A on User { id }", "OPERATION_RESOLUTION_FAILURE"),
        ("query($is: Boolean!) { __typename @skip(if: $is) }", "BAD_USER_INPUT"),
    ],
)
async def test_what_cannot_be_executed_has_the_status_of_its_media_type(
    client: httpx.AsyncClient, query: str, code: str
) -> None:
    old = await get(client, query)
    new = await get(client, query, GRAPHQL)

    assert (old.status, new.status) == (200, 400)
    assert old.code == new.code == code
    assert list(old.body) == list(new.body) == ["errors"]


LIKE = "mutation Like($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"
RECORD = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }"


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_mutation_is_refused_and_nothing_is_changed(studio: Studio, accept: str) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}", "accept": accept}
    event = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    client = studio.client
    answers = [
        await get(client, LIKE, headers, variables={"id": studio.publication}),
        await get(client, f"{{ __typename }} {LIKE}", headers, operationName="Like"),
        await get(client, f"query A {{ __typename }} {LIKE}", headers, operationName="Like"),
        # What only records events takes a way of its own.
        await get(client, RECORD, headers, variables={"events": [event]}),
        await get(client, RECORD, headers, variables={"events": [{"action": 5}]}),
        await get(client, "mutation { __typename }", headers),
    ]

    for answer in answers:
        assert answer.status == 405
        assert answer.headers["allow"] == "POST"
        assert message(answer) == "Mutations are not executed by GET."
        assert answer.extensions == {"code": "BAD_REQUEST"}
    assert await studio.count("likes") == 0
    assert await studio.count("events") == 0


async def test_a_query_beside_a_mutation_is_executed_if_it_is_named(studio: Studio) -> None:
    document = f"query A {{ limits {{ maxNodes }} }} {LIKE}"

    assert (await get(studio.client, document, operationName="A")).data == {"limits": {"maxNodes": 100}}
    assert await studio.count("likes") == 0


@one_engine
async def test_head_has_the_headers_of_get_and_no_body(client: httpx.AsyncClient) -> None:
    url = "/graphql?query={__typename}"
    read = await client.get(url, headers=PREFLIGHTED)
    head = await client.head(url, headers=PREFLIGHTED)

    assert (head.status_code, head.content) == (200, b"")
    assert read.content == b'{"data":{"__typename":"Query"}}'
    assert _without_id(head.headers) == _without_id(read.headers)
    assert head.headers["content-length"] == str(len(read.content))


async def test_head_changes_nothing(studio: Studio) -> None:
    head = await studio.client.head(
        "/graphql",
        params={"query": LIKE, "variables": json.dumps({"id": studio.publication})},
        headers=PREFLIGHTED | {"authorization": f"Bearer {studio.token('owner')}"},
    )

    assert (head.status_code, head.headers["allow"]) == (405, "POST")
    assert await studio.count("likes") == 0


def test_the_log_does_not_say_what_was_asked(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "viewgraph.sqlite3")
    with Program("serve", folder=tmp_path) as program:
        url = f"{program.address}/graphql?query={{__typename}}&variables={{%22a%22:%22secret%22}}"
        assert httpx.get(url, headers=PREFLIGHTED).json() == {"data": {"__typename": "Query"}}

    (line,) = [line for line in map(json.loads, program.out.splitlines()) if "document" in line]
    assert (line["method"], line["status"], line["type"]) == ("GET", 200, "query")
    assert "secret%22" not in program.out + program.err


def _without_id(headers: httpx.Headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "x-request-id"}
