"""GraphQL over HTTP, by POST: what is refused and how, what a bug shows, where the request's id stands."""

import gzip
import json
import logging
import re
from asyncio import gather
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from resolvers.context import Services
from server.app import create_app
from server.revisions import known_revisions
from server.settings import Settings
from tests.studio import Answer, Clock, Studio, services_for

JSON = {"content-type": "application/json"}
GRAPHQL = {"accept": "application/graphql-response+json"}
MASKED = "Something went wrong on our side. Quote the request id when you report it."

# What never reaches a database is the same on both.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


async def post(client: httpx.AsyncClient, content: bytes, **headers: str) -> Answer:
    response = await client.post("/graphql", content=content, headers=JSON | headers)
    return Answer(response.status_code, response.headers, response.json())


async def ask(
    client: httpx.AsyncClient, query: str, *, operation: str | None = None, **variables: Any
) -> Answer:
    body = {"query": query, "variables": variables, "operationName": operation}
    return await post(client, json.dumps(body).encode())


def message(answer: Answer) -> str:
    """Of the one error."""
    (error,) = answer.body["errors"]
    shown: str = error["message"]
    return shown


@one_engine
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "Input data was truncated."),
        (b"{", "Input data was truncated."),
        (b"\x00", "JSON is malformed: invalid character (byte 0)."),
        (b'"x"', "Expected `object`, got `str`."),
        (b"null", "Expected `object`, got `null`."),
        (b'{"query": 0}', "Expected `str | null`, got `int` - at `$.query`."),
        (b'{"documentId": {}}', "Expected `str | null`, got `object` - at `$.documentId`."),
        (
            b'{"query": "{ viewer { id } }", "variables": []}',
            "Expected `object | null`, got `array` - at `$.variables`.",
        ),
        (
            b'{"query": "{ viewer { id } }", "operationName": 1}',
            "Expected `str | null`, got `int` - at `$.operationName`.",
        ),
        (b'{"query": "\xff"}', "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
        (
            b'{"query": "\\ud800 and more"}',
            "JSON is malformed: unexpected end of escaped utf-16 surrogate pair (byte 17).",
        ),
        (
            b'{"query": "{ viewer { id } }", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
            "maximum recursion depth exceeded while deserializing an object.",
        ),
    ],
)
async def test_a_body_that_is_no_request_is_refused_and_told_why(
    client: httpx.AsyncClient, body: bytes, why: str
) -> None:
    answer = await post(client, body)

    assert answer.status == 400
    assert message(answer) == f"The body is no GraphQL request: {why}"
    assert answer.extensions == {"code": "BAD_REQUEST"}


@one_engine
@pytest.mark.parametrize("body", [b"{}", b'{"query": null}', b'{"qeury": "{ __typename }"}'])
async def test_a_body_without_a_document_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await post(client, body)

    assert answer.status == 400
    assert message(answer) == "There is neither a `query` nor a `documentId`."
    assert answer.extensions == {"code": "BAD_REQUEST"}


@one_engine
async def test_variables_may_be_deep_if_nothing_asks_for_them(client: httpx.AsyncClient) -> None:
    body = b'{"query": "{ viewer { id } }", "variables": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}"

    assert (await post(client, body)).data == {"viewer": None}


@one_engine
async def test_a_body_as_large_as_allowed_is_read_and_one_byte_more_refused(services: Services) -> None:
    query = b'{"query": "{ viewer { id } }"}'
    async with client_of(services, Settings(max_body_bytes=1_000)) as client:
        fits = await post(client, query.ljust(1_000))
        is_too_large = await post(client, query.ljust(1_001))

    assert fits.data == {"viewer": None}
    assert is_too_large.status == 413
    assert message(is_too_large) == "The body may have 1,000 bytes. Send less at once."
    assert is_too_large.code == "BAD_REQUEST"


@one_engine
@pytest.mark.parametrize(
    "type_",
    [
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/json+graphql",
        "application/graphql",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
    ],
)
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, type_: str) -> None:
    answer = await post(client, b'{"query": "{ viewer { id } }"}', **{"content-type": type_})

    assert answer.status == 415
    assert message(answer) == "Send the request as `Content-Type: application/json`."
    assert answer.code == "BAD_REQUEST"


@one_engine
async def test_a_body_without_a_type_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", content=b'{"query": "{ viewer { id } }"}')

    assert "content-type" not in response.request.headers
    assert response.status_code == 415


@one_engine
async def test_a_compressed_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await post(
        client, gzip.compress(b'{"query": "{ viewer { id } }"}'), **{"content-encoding": "gzip"}
    )

    assert answer.status == 415
    assert message(answer) == "Send the body as it is, not compressed."


@one_engine
@pytest.mark.parametrize(
    "type_", ["Application/JSON; charset=utf-8", 'application/json;charset="UTF-8"', "application/json ; x=y"]
)
async def test_the_type_may_name_utf_8_in_any_case(client: httpx.AsyncClient, type_: str) -> None:
    given = {"content-type": type_}

    assert (await post(client, b'{"query": "{ viewer { id } }"}', **given)).data == {"viewer": None}


@one_engine
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
async def test_another_method_than_get_and_post_is_refused_and_told_which_are_not(
    client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@one_engine
@pytest.mark.parametrize(
    ("query", "code", "why"),
    [
        ("", "GRAPHQL_PARSE_FAILED", "The `query` is empty."),
        ("  ", "GRAPHQL_PARSE_FAILED", "Syntax Error: Unexpected <EOF>."),
        ("{", "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        ("{ viewer\0 { id } }", "GRAPHQL_PARSE_FAILED", "Syntax Error: Unexpected character: U+0000."),
        (
            "{ nodes(ids: " + "[" * 5_000 + "]" * 5_000 + ") { id } }",
            "GRAPHQL_PARSE_FAILED",
            "Syntax Error: Document is nested too deeply. Parsing aborted.",
        ),
        (
            "{ nope }",
            "GRAPHQL_VALIDATION_FAILED",
            "Cannot query field 'nope' on type 'Query'. Did you mean 'node' or 'nodes'?",
        ),
        (
            '{ user(by: {username: "ada", id: "x"}) { id } }',
            "GRAPHQL_VALIDATION_FAILED",
            "OneOf Input Object 'UserBy' must specify exactly one key.",
        ),
        (
            "{ viewer { ...A } } fragment A on User { ...A }",
            "GRAPHQL_VALIDATION_FAILED",
            "Cannot spread fragment 'A' within itself.",
        ),
        (
            "query A { viewer { id } } { viewer { id } }",
            "GRAPHQL_VALIDATION_FAILED",
            "This anonymous operation must be the only defined operation.",
        ),
        (
            "fragment A on User { id }",
            "OPERATION_RESOLUTION_FAILURE",
            "There is no operation.",
        ),
    ],
)
async def test_a_document_that_cannot_be_executed_has_no_data(
    client: httpx.AsyncClient, query: str, code: str, why: str
) -> None:
    answer = await ask(client, query)

    assert answer.status == 200
    assert list(answer.body) == ["errors"]
    assert message(answer) == why
    assert answer.extensions == {"code": code}


TWO_OPERATIONS = "query A { limits { maxEvents } } query B { limits { maxNodes } }"


@one_engine
async def test_of_several_operations_the_named_one_is_executed(client: httpx.AsyncClient) -> None:
    answer = await ask(client, TWO_OPERATIONS, operation="B")

    assert answer.data == {"limits": {"maxNodes": 100}}


@one_engine
@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (None, "The document has several operations: say in `operationName` which one is meant."),
        ("C", "The document has no such operation."),
        ("", "The document has several operations: say in `operationName` which one is meant."),
    ],
)
async def test_of_several_operations_none_is_executed_unless_it_is_named(
    client: httpx.AsyncClient, operation: str | None, why: str
) -> None:
    answer = await ask(client, TWO_OPERATIONS, operation=operation)

    assert list(answer.body) == ["errors"]
    assert message(answer) == why
    assert answer.extensions == {"code": "OPERATION_RESOLUTION_FAILURE"}


@one_engine
async def test_an_operation_without_a_name_may_be_named_by_an_empty_text(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{ limits { maxNodes } }", operation="")

    assert answer.data == {"limits": {"maxNodes": 100}}


async def test_of_several_mutations_none_is_done_unless_it_is_named(studio: Studio) -> None:
    like = "likePublication(publicationId: $id) { publication { id } }"
    answer = await studio.ask(
        f"mutation A($id: ID!) {{ {like} }} mutation B($id: ID!) {{ {like} }}",
        "stranger",
        id=studio.publication,
    )

    assert answer.code == "OPERATION_RESOLUTION_FAILURE"
    assert await studio.count("likes") == 0
    assert await studio.count("events") == 0


@one_engine
async def test_a_word_like_query_in_an_argument_is_no_operation(client: httpx.AsyncClient) -> None:
    answer = await ask(client, '{ publication(url: "query-or-mutation") { id } }')

    assert answer.errors == [("NOT_FOUND", "publication")]


@one_engine
@pytest.mark.parametrize(
    ("query", "variables", "extensions"),
    [
        ("query($u: String!) { publication(url: $u) { id } }", {"u": 5}, {"argument": "$u"}),
        ("query($u: String!) { publication(url: $u) { id } }", {}, {"argument": "$u"}),
        ("query($n: Int) { publications(first: $n) { totalCount } }", {"n": 2**70}, {"argument": "$n"}),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [[["x"]]]}, {"argument": "$ids"}),
        ("query($by: UserBy!) { user(by: $by) { id } }", {"by": {"nope": 1}}, {"argument": "$by"}),
        ("query($by: UserBy!) { user(by: $by) { id } }", {"by": {}}, {}),
        ("query($by: UserBy!) { user(by: $by) { id } }", {"by": {"id": "x", "username": "ada"}}, {}),
        ("query($by: UserBy!) { user(by: $by) { id } }", {"by": {"id": None}}, {}),
        ("query($is: Boolean = true) { viewer @include(if: $is) { id } }", {"is": None}, {"argument": "$is"}),
    ],
)
async def test_a_variable_of_which_the_value_does_not_fit_is_named_and_nothing_is_executed(
    client: httpx.AsyncClient, query: str, variables: dict[str, Any], extensions: dict[str, str]
) -> None:
    answer = await ask(client, query, **variables)

    assert answer.status == 200
    assert list(answer.body) == ["errors"]
    assert answer.extensions == {"code": "BAD_USER_INPUT", **extensions, "reason": "INVALID_VALUE"}


@one_engine
@pytest.mark.parametrize(("headers", "status"), [({}, 200), (GRAPHQL, 400)])
@pytest.mark.parametrize(
    "query",
    [
        # The first takes a way of its own.
        "mutation($e: [EventInput!]!) { recordEvents(events: $e) { stored } }",
        "mutation($e: [EventInput!]!) { recordEvents(events: $e) { stored } again: __typename }",
    ],
)
async def test_events_that_are_none_have_the_status_of_variables_that_do_not_fit(
    client: httpx.AsyncClient, query: str, headers: dict[str, str], status: int
) -> None:
    body = {"query": query, "variables": {"e": [{"action": 5}]}}
    answer = await post(client, json.dumps(body).encode(), **headers)

    assert answer.status == status
    assert list(answer.body) == ["errors"]
    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "e", "reason": "INVALID_EVENTS"}


@one_engine
async def test_a_null_that_overrides_a_default_fails_in_its_field(client: httpx.AsyncClient) -> None:
    query = """mutation($email: String = "a") {
      login(input: {password: {email: $email, password: "x"}}) { expiresAt }
    }"""
    answer = await ask(client, query, email=None)

    assert answer.body["data"] == {"login": None}
    assert answer.errors == [("BAD_USER_INPUT", "login")]
    assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "$email", "reason": "INVALID_VALUE"}


async def test_an_unknown_url_is_null_and_not_found(studio: Studio) -> None:
    answer = await studio.ask('{ publication(url: "nope") { name } limits { maxNodes } }')

    assert answer.status == 200
    assert answer.body["data"] == {"publication": None, "limits": {"maxNodes": 100}}
    assert answer.errors == [("NOT_FOUND", "publication")]
    assert answer.body["errors"][0]["locations"] == [{"line": 1, "column": 3}]
    assert message(answer) == "There is no such publication."


@one_engine
@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON; Charset=UTF-8", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json; charset=utf-8", "application/graphql-response+json"),
        # As Apollo Client, urql and the specification's own advice write it.
        ("application/graphql-response+json,application/json;q=0.9", "application/graphql-response+json"),
        (
            "application/graphql-response+json, application/graphql+json, application/json, "
            "text/event-stream, multipart/mixed",
            "application/graphql-response+json",
        ),
        (
            "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
            "application/graphql-response+json",
        ),
        ("application/json;q=0.9, application/graphql-response+json;q=0.8", "application/json"),
        (
            "application/json; q=0.5, application/graphql-response+json; q=0.50",
            "application/graphql-response+json",
        ),
        ("application/graphql-response+json;q=0, */*", "application/json"),
        ("application/json;q=0, */*", "application/graphql-response+json"),
        ("application/json;q=0.2, application/*;q=0.7, */*;q=0.1", "application/graphql-response+json"),
        ("application/graphql-response+json, */*", "application/graphql-response+json"),
        ("application/json, */*", "application/json"),
        ("application/graphql-response+json; charset=utf-16, application/json", "application/json"),
        ("application/graphql-response+json;q=2, application/json;q=0.001", "application/json"),
        ("application/json;q=0.1, application/json;q=0.9, */*;q=0.5", "application/json"),
    ],
)
async def test_the_answer_is_of_the_type_that_weighs_most(
    client: httpx.AsyncClient, accept: str, type_: str
) -> None:
    well, wrong, unread = [
        await post(client, body, accept=accept)
        for body in (b'{"query": "{ __typename }"}', b'{"query": "{"}', b"{")
    ]

    assert [answer.headers["content-type"] for answer in (well, wrong, unread)] == [
        f"{type_}; charset=utf-8"
    ] * 3
    assert (well.status, unread.status) == (200, 400)
    assert wrong.status == (200 if type_ == "application/json" else 400)
    assert well.headers["vary"] == "accept, accept-encoding, authorization, x-auth-token"


@one_engine
async def test_who_accepts_nothing_in_particular_gets_json(services: Services) -> None:
    async with client_of(services, Settings()) as client:
        del client.headers["accept"]
        response = await client.post("/graphql", json={"query": "{ __typename }"})

    assert "accept" not in response.request.headers
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@one_engine
async def test_the_type_may_be_accepted_by_several_headers(client: httpx.AsyncClient) -> None:
    headers = [
        ("content-type", "application/json"),
        ("accept", "text/html"),
        ("accept", "application/graphql-response+json"),
    ]
    response = await client.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)

    assert response.headers["content-type"] == "application/graphql-response+json; charset=utf-8"


@one_engine
@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/event-stream;q=0",
        "multipart/mixed",
        "text/*",
        "application/graphql+json",
        "application/json; charset=utf-16",
        "*/*;q=0",
        "application/json;q=0, application/graphql-response+json;q=0.0",
        "application/json;q=high",
    ],
)
async def test_nothing_is_executed_for_who_accepts_neither_type(studio: Studio, accept: str) -> None:
    token = {"authorization": f"Bearer {studio.token('stranger')}"}
    like = "mutation($id: ID!) { likePublication(publicationId: $id) { publication { id } } }"
    body = {"query": like, "variables": {"id": studio.publication}}
    answer = await studio.send(body, {**token, "accept": accept})

    assert answer.status == 406
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert message(answer) == "Accept `application/graphql-response+json` or `application/json`."
    assert answer.extensions == {"code": "BAD_REQUEST"}
    assert await studio.count("likes") == 0


@one_engine
@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nope }",
        "query A { viewer { id } } query B { viewer { id } }",
        "query($a: Int!) { node(id: $a) { id } }",
    ],
)
async def test_who_accepts_graphql_responses_gets_the_status_400_for_what_was_not_executed(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await post(client, json.dumps({"query": query}).encode(), **GRAPHQL)

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"


@one_engine
async def test_who_accepts_graphql_responses_gets_the_status_200_for_errors_of_fields(
    client: httpx.AsyncClient,
) -> None:
    denied = await post(client, b'{"query": "{ publication(url: \\"x\\") { id } }"}', **GRAPHQL)
    has_no_data = await post(client, b'{"query": "{ organizations { totalCount } }"}', **GRAPHQL)

    assert (denied.status, denied.errors) == (200, [("NOT_FOUND", "publication")])
    assert (has_no_data.status, has_no_data.errors) == (200, [("UNAUTHENTICATED", "organizations")])
    assert has_no_data.body["data"] is None


@one_engine
@pytest.mark.parametrize(
    ("query", "variables", "status"),
    [
        ("{ limits { maxNodes } }", {}, 200),
        ('{ publication(url: "x") { id } limits { maxNodes } }', {}, 294),
        ("{ organizations { totalCount } }", {}, 294),
        ("{", {}, 400),
        ("", {}, 400),
        ("{ nope }", {}, 422),
        (TWO_OPERATIONS, {}, 422),
        ("query($u: String!) { publication(url: $u) { id } }", {"u": None}, 422),
    ],
)
async def test_the_statuses_of_the_draft_are_given_where_they_are_switched_on(
    services: Services, query: str, variables: dict[str, Any], status: int
) -> None:
    body = json.dumps({"query": query, "variables": variables}).encode()
    async with client_of(services, Settings(draft_statuses=True)) as client:
        new = await post(client, body, **GRAPHQL)
        old = await post(client, body)
        unread = await post(client, b"{", **GRAPHQL)

    assert (new.status, old.status, unread.status) == (status, 200, 400)


async def test_a_bug_is_masked_and_logged_under_the_request_id_and_the_next_query_works(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    async with studio.services.database.writing() as session:
        await session.execute(text("DROP TABLE co_creators"))

    with caplog.at_level(logging.ERROR):
        answer = await studio.ask('{ publication(url: "ai-research-studio") { coCreators { id } } }')

    assert answer.status == 200
    assert answer.body["data"] == {"publication": None}
    assert answer.errors == [("INTERNAL_SERVER_ERROR", "publication.coCreators")]
    assert message(answer) == MASKED
    assert answer.extensions == {"code": "INTERNAL_SERVER_ERROR"}
    (record,) = [record for record in caplog.records if record.name == "viewgraph"]
    request_id = answer.headers["x-request-id"]
    assert record.getMessage() == f"Request {request_id} failed at ['publication', 'coCreators']"
    assert record.exc_info
    assert "co_creators" in str(record.exc_info[1])
    after = await studio.ask('{ publication(url: "ai-research-studio") { name } }')
    assert after.data == {"publication": {"name": "Ai Research Studio"}}


async def test_a_bug_before_the_first_field_is_masked_with_the_status_500(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    token = {"authorization": f"Bearer {studio.token('owner')}"}
    async with studio.services.database.writing() as session:
        await session.execute(text("ALTER TABLE users RENAME TO people"))

    with caplog.at_level(logging.ERROR):
        answer = await studio.send({"query": "{ limits { maxNodes } }"}, token)

    assert answer.status == 500
    assert list(answer.body) == ["errors"]
    assert message(answer) == MASKED
    assert answer.extensions == {"code": "INTERNAL_SERVER_ERROR"}
    (record,) = [record for record in caplog.records if record.name == "viewgraph"]
    assert record.getMessage() == f"Request {answer.headers['x-request-id']} failed"
    assert (await studio.ask("{ limits { maxNodes } }")).data == {"limits": {"maxNodes": 100}}


async def test_a_database_that_is_away_is_unavailable_and_no_bug(
    away: Services, caplog: pytest.LogCaptureFixture
) -> None:
    async with client_of(away, Settings()) as client:
        key = {"authorization": "Token vgk_whatever"}
        for_all = await post(client, b'{"query": "{ limits { maxNodes } }"}', **key)
        for_a_field = await post(
            client, b'{"query": "{ publication(url: \\"x\\") { id } limits { maxNodes } }"}'
        )
        health = await client.get("/health")

    assert (for_all.status, for_all.extensions) == (503, {"code": "UNAVAILABLE", "retryAfter": 1})
    assert message(for_all) == "The database cannot be reached. Try again shortly."
    assert for_a_field.status == 200
    assert for_a_field.errors == [("UNAVAILABLE", "publication")]
    assert for_a_field.body["data"] == {"publication": None, "limits": {"maxNodes": 100}}
    assert health.status_code == 503
    words = "The database cannot be reached. Try again shortly."
    assert health.json()["checks"] == {"reads": words, "writes": words, "migrations": words}
    assert caplog.records == []


@one_engine
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"query": "{"}',
        b'{"query": "{ publication(url: \\"x\\") { id } a: publication(url: \\"y\\") { id } }"}',
    ],
)
async def test_the_request_id_of_every_error_stands_in_the_header_too(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await post(client, body)

    shown = {error["extensions"]["requestId"] for error in answer.body["errors"]}
    assert shown == {answer.headers["x-request-id"]}
    assert len(answer.headers["x-request-id"]) == 32


@one_engine
@pytest.mark.parametrize(
    "request_id",
    [
        "7",
        "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
        "Root=1-67891233-abcdef012345678912345678",
        "a/b+c=",
        "x" * 128,
    ],
)
async def test_a_request_that_has_an_id_keeps_it(client: httpx.AsyncClient, request_id: str) -> None:
    answer = await post(client, b'{"query": "{ nope }"}', **{"x-request-id": request_id})

    assert answer.headers["x-request-id"] == request_id
    assert answer.body["errors"][0]["extensions"]["requestId"] == request_id


@one_engine
@pytest.mark.parametrize(
    "request_id", ["", "x" * 129, "a b", "a;b", 'a"b', "<b>", "a\tb", "a\x1b[31m", "\xe4"]
)
async def test_an_id_that_could_forge_a_log_is_replaced(client: httpx.AsyncClient, request_id: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"x-request-id", request_id.encode("latin-1"))]
    response = await client.post("/graphql", content=b"{", headers=headers)

    made = response.headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert response.json()["errors"][0]["extensions"]["requestId"] == made


@one_engine
async def test_two_requests_have_two_ids(client: httpx.AsyncClient) -> None:
    ids = {(await post(client, b'{"query": "{ viewer { id } }"}')).headers["x-request-id"] for _ in range(2)}

    assert len(ids) == 2


@one_engine
async def test_a_browser_is_shown_graphiql(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    head = await client.head("/graphql", headers={"accept": "text/html"})

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<div id="graphiql"' in page.text
    assert head.status_code == 200
    assert head.headers["content-type"] == "text/html; charset=utf-8"


@one_engine
async def test_a_browser_is_not_shown_graphiql_where_it_is_switched_off(services: Services) -> None:
    async with client_of(services, Settings(graphiql=False)) as client:
        page = await client.get("/graphql", headers={"accept": "text/html"})
        answer = await post(client, b'{"query": "{ viewer { id } }"}')

    assert page.status_code == 406
    assert page.json()["errors"][0]["message"] == (
        "Accept `application/graphql-response+json` or `application/json`."
    )
    assert answer.data == {"viewer": None}


@one_engine
async def test_the_front_door_leads_people_to_the_studio_and_programs_to_the_endpoint(
    services: Services, client: httpx.AsyncClient
) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with client_of(services, Settings(studio=False)) as without:
        answers = [
            await client.get("/"),
            await client.get("/", headers={"accept": "application/json"}),
            await client.get("/", headers=browser),
            await without.get("/", headers=browser),
        ]

    assert [response.headers["location"] for response in answers] == [
        "/graphql",
        "/graphql",
        "/studio",
        "/graphql",
    ]
    assert {(response.status_code, response.headers["vary"]) for response in answers} == {(307, "accept")}


@pytest.mark.parametrize(("revision", "status"), [("0001", 503), ("9999", 200)])
async def test_a_server_is_ready_with_newer_tables_but_not_with_older_ones(
    client: httpx.AsyncClient, services: Services, revision: str, status: int
) -> None:
    async with services.database.engine.begin() as connection:
        await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))  # noqa: S608

    answer = await client.get("/readyz")
    said = {200: "ok", 503: f"The tables are at 0001, the program is at {known_revisions()[-1]}."}
    assert (answer.status_code, answer.json()["checks"]["migrations"]) == (status, said[status])


async def test_health_asks_the_database(client: httpx.AsyncClient, services: Services) -> None:
    seen: list[str] = []
    with services.database.observed(seen.append):
        answers = await gather(*(client.get(path) for path in ("/health", "/readyz") for _ in range(20)))

        # Where others need all of the machine, the first answer may come later than it should.
        while any(response.status_code != 200 for response in answers):
            answers = [await client.get("/readyz")]

    checks = {"reads": "ok", "writes": "ok", "migrations": "ok"}
    assert answers[0].json() == {"status": "ready", "checks": checks}
    # However many ask.
    touches = [text for text in seen if text.startswith("UPDATE")]
    assert 1 <= len(touches) <= 5
    assert len(seen) <= 20
    assert await (await client.get("/livez")).aread() == b'{"status":"live"}'


@asynccontextmanager
async def client_of(services: Services, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(settings, services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def away(clock: Clock) -> Services:
    """Services of which the database does not answer: nobody listens on port 1."""
    return services_for("postgresql://viewgraph@127.0.0.1:1/viewgraph", clock)
