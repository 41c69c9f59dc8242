"""Requests that are no good, over the wire: each is answered in JSON, and the next one as ever."""

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.server.program import Program

LONGEST = 20_000
SECONDS = 1
IN_TIME = 5
"""So many seconds at most takes what takes milliseconds, on a machine that is busy with other things too."""


@pytest.fixture(scope="module")
def program(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("abused")
    shutil.copy(sqlite_template, folder / "viewgraph.sqlite3")
    variables = {"VIEWGRAPH_MAX_BODY_BYTES": str(LONGEST), "VIEWGRAPH_MAX_BODY_SECONDS": str(SECONDS)}
    with Program("serve", folder=folder, **variables) as program:
        yield program


def exchange(program: Program, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. What is sent stays open until the server ends it."""
    with socket.create_connection(("127.0.0.1", program.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def posted(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [
        "POST /graphql HTTP/1.1",
        "Host: test",
        "Connection: close",
        f"Content-Length: {len(body) if length is None else length}",
        *(headers or ("Content-Type: application/json",)),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def got(query_string: str, *headers: str, method: str = "GET") -> bytes:
    lines = [
        f"{method} /graphql?{query_string} HTTP/1.1",
        "Host: test",
        "Connection: close",
        *(headers or ("GraphQL-Require-Preflight: 1",)),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


QUERY = b'{"query": "{ __typename }"}'
DEEP = b"[" * 4_000 + b"]" * 4_000

ABUSIVE = {
    "nothing": (posted(b""), 400),
    "white space": (posted(b" \n"), 400),
    "NUL": (posted(b"\0"), 400),
    "NUL behind a request": (posted(QUERY + b"\0"), 400),
    "two requests": (posted(QUERY + QUERY), 400),
    "a batch": (posted(b"[" + QUERY + b"]"), 400),
    "a text": (posted(b'"x"'), 400),
    "numbers": (posted(b"[1,2]"), 400),
    "null": (posted(b"null"), 400),
    "true": (posted(b"true"), 400),
    "a number": (posted(b"1e999999"), 400),
    "NaN": (posted(b'{"query": NaN}'), 400),
    "an empty object": (posted(b"{}"), 400),
    "a cut-off object": (posted(b'{"query": "{ __typ'), 400),
    "single quotes": (posted(b"{'query': 'x'}"), 400),
    "no UTF-8": (posted(b'{"query": "\xff\xfe"}'), 400),
    "UTF-16": (posted('{"query": "{ __typename }"}'.encode("utf-16")), 400),
    "a byte order mark": (posted(b"\xef\xbb\xbf" + QUERY), 400),
    "half a surrogate": (posted(b'{"query": "\\ud800"}'), 400),
    "a query that is an object": (posted(b'{"query": {}}'), 400),
    "a query that is a number": (posted(b'{"query": 1}'), 400),
    "variables that are a list": (posted(b'{"query": "{ __typename }", "variables": []}'), 400),
    "variables that are a text": (posted(b'{"query": "{ __typename }", "variables": "{}"}'), 400),
    "a name that is a list": (posted(b'{"query": "{ __typename }", "operationName": []}'), 400),
    "extensions that are true": (posted(b'{"query": "{ __typename }", "extensions": true}'), 400),
    "an id that is a number": (posted(b'{"documentId": 1}'), 400),
    "a hash that is a list": (
        posted(b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": []}}}'),
        400,
    ),
    "deep JSON": (posted(DEEP), 400),
    "deep variables": (posted(b'{"query": "{ __typename }", "variables": {"a": ' + DEEP + b"}}"), 400),
    "deep extensions": (posted(b'{"query": "{ __typename }", "extensions": {"a": ' + DEEP + b"}}"), 400),
    "a large body": (posted(QUERY.ljust(LONGEST + 1)), 413),
    "huge variables": (
        posted(b'{"query": "{ __typename }", "variables": {"a": "' + b"a" * LONGEST + b'"}}'),
        413,
    ),
    "no type": (posted(QUERY, "X-Nothing: 1"), 415),
    "a form": (posted(b"query=x", "Content-Type: application/x-www-form-urlencoded"), 415),
    "two types": (posted(QUERY, "Content-Type: application/json", "Content-Type: text/plain"), 415),
    "a compressed body": (posted(QUERY, "Content-Type: application/json", "Content-Encoding: br"), 415),
    "a body that does not come": (posted(b"", length=100), 408),
    "a body that does not end": (posted(QUERY, length=len(QUERY) + 1), 408),
    "no query": (got(""), 400),
    "another site's page": (got("query={__typename}", "Sec-Fetch-Site: cross-site"), 403),
    "no UTF-8 in a URL": (got("query=%ff"), 400),
    "deep variables in a URL": (got(f"query={{__typename}}&variables={DEEP.decode()}"), 400),
    "a mutation by GET": (got("query=mutation{__typename}"), 405),
    "a deletion": (got("query={__typename}", method="DELETE"), 405),
    "an answer as HTML": (
        got("query={__typename}", "Accept: text/xml", "GraphQL-Require-Preflight: 1"),
        406,
    ),
}


@pytest.mark.parametrize("name", ABUSIVE)
def test_a_request_that_is_no_good_is_refused_in_json_and_the_next_one_answered(
    program: Program, name: str
) -> None:
    request, expected = ABUSIVE[name]
    status, headers, body = exchange(program, request)
    before = monotonic()
    well = exchange(program, posted(QUERY))

    assert status == expected
    assert headers["content-type"] == "application/json; charset=utf-8"
    (error,) = json.loads(body)["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST", "requestId": headers["x-request-id"]}
    assert (well[0], well[2]) == (200, b'{"data":{"__typename":"Query"}}')
    assert monotonic() - before < IN_TIME


def spread(levels: int, each: str, last: str) -> str:
    """So many fragments, each of which has the next one twice: 2 to their power in all."""
    fragments = [f"fragment F{level} on User {{ {each} }}" for level in range(levels)]
    chain = [text.replace("NEXT", f"...F{level + 1}") for level, text in enumerate(fragments)]
    return " ".join(["{ viewer { ...F0 } }", *chain, f"fragment F{levels} on User {{ {last} }}"])


INSIGHTS = "a: insight { user { NEXT } } b: insight { user { NEXT } }"
TYPES = "fields { type { fields { type { fields { type { name } } } } } }"

COSTLY = {
    "too many tokens": ("{" + " id" * 5_000 + "}", "GRAPHQL_PARSE_FAILED"),
    "too many comments": ("{" + "#\n" * 5_001 + "id}", "GRAPHQL_PARSE_FAILED"),
    "braces in braces": ("{a" * 3_000, "GRAPHQL_PARSE_FAILED"),
    "an object that has nothing of its type": (
        "{ user(by: {" + "".join(f" x{number}: 1" for number in range(1_600)) + " }) { id } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "one field again and again": ("{" + " limits { maxCost }" * 800 + "}", "GRAPHQL_VALIDATION_FAILED"),
    "types of types": (f"{{ __schema {{ types {{ {TYPES} }} }} }}", "GRAPHQL_VALIDATION_FAILED"),
    "fragments in fragments": (spread(40, INSIGHTS, "id"), "COST_ESTIMATED_TOO_EXPENSIVE"),
    "many leaves of many objects": (
        "{ publications(first: 100) { edges { node { owner { publications(first: 100) { edges { node {"
        + "".join(f" n{number}: name" for number in range(100))
        + " } } } } } } } }",
        "COST_ESTIMATED_TOO_EXPENSIVE",
    ),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_document_that_would_take_long_is_not_executed(program: Program, name: str) -> None:
    document, code = COSTLY[name]
    body = json.dumps({"query": document}).encode()
    accept = "Accept: application/graphql-response+json"
    status, _, answer = exchange(program, posted(body, "Content-Type: application/json", accept))

    assert (status, json.loads(answer)["errors"][0]["extensions"]["code"]) == (400, code)
    assert "data" not in json.loads(answer)
    assert exchange(program, posted(QUERY))[0] == 200


def test_what_fragments_select_again_is_selected_once(program: Program) -> None:
    body = json.dumps({"query": spread(40, "NEXT NEXT", "id")}).encode()

    assert json.loads(exchange(program, posted(body))[2]) == {"data": {"viewer": None}}


def test_nothing_of_it_was_a_bug(program: Program) -> None:
    for request, _ in ABUSIVE.values():
        exchange(program, request)

    out, err = program.read()
    assert "Traceback" not in out + err
    assert '" 500' not in out + err
