"""What the log says of a request, and what it never says."""

import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from auth.tokens import Claims
from base.ids import parse_global_id
from server.app import create_app
from server.logs import Redacting, WithoutOwnLines, formatter
from server.settings import Settings
from tests.server.program import Program
from tests.studio import Studio

NAME = 'query Name { publication(url: "ai-research-studio") { name } }'
LOGIN = (
    "mutation($e: String!, $p: String!) { login(input: {password: {email: $e, password: $p}}) { expiresAt } }"
)

Lines = Callable[[], list[dict[str, Any]]]
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


@contextmanager
def written(format: str) -> Iterator[StringIO]:
    """What the program's own loggers write, as they write it."""
    logger = logging.getLogger("viewgraph")
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(format, "stderr"))  # type: ignore[arg-type]
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.fixture
def lines() -> Iterator[Lines]:
    with written("json") as stream:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def told(lines: Lines) -> dict[str, Any]:
    """What the last line says, but for how long things took."""
    return {name: value for name, value in lines()[-1].items() if not name.endswith("_ms")}


# What it says


@one_engine
async def test_a_request_has_one_line_that_says_what_became_of_it(studio: Studio, lines: Lines) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}", "x-request-id": "one"}
    before = len(lines())
    response = await studio.client.post("/graphql", json={"query": NAME}, headers=headers)

    assert len(lines()) == before + 1
    line = lines()[-1]
    assert 0 < line.pop("database_ms") < line.pop("duration_ms")
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "cost": 2,
        "event": "request",
        "level": "info",
        "logger": "viewgraph.requests",
        "request_id": "one",
        "method": "POST",
        "status": 200,
        "bytes": len(response.content),
        "operation": "Name",
        "type": "query",
        "document": sha256(NAME.encode()).hexdigest(),
        "statements": 2,
        "viewer": "user",
    }


@one_engine
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", {"status": 400, "errors": ["BAD_REQUEST"]}),
        (b'{"query": "{"}', {"status": 200, "viewer": "anonymous", "errors": ["GRAPHQL_PARSE_FAILED"]}),
        (b'{"query": "{ nope }"}', {"errors": ["GRAPHQL_VALIDATION_FAILED"]}),
        (
            b'{"query": "{ publication(url: \\"x\\") { id } y: publication(url: \\"y\\") { id } }"}',
            {"status": 200, "type": "query", "errors": ["NOT_FOUND"]},
        ),
        (
            b'{"query": "mutation Like { likePublication(publicationId: \\"x\\") { __typename } }"}',
            {"type": "mutation", "operation": "Like", "errors": ["UNAUTHENTICATED"]},
        ),
        (
            b'{"query": "mutation R($e: [EventInput!]!) { recordEvents(events: $e) { stored } }",'
            b' "variables": {"e": []}}',
            {"type": "mutation", "operation": "R", "errors": ["UNAUTHENTICATED"]},
        ),
        (
            b'{"query": "query A { __typename } query B { __typename }"}',
            {"errors": ["OPERATION_RESOLUTION_FAILURE"]},
        ),
        (
            b'{"query": "query A { __typename } query B { __typename }", "operationName": "B"}',
            {"operation": "B", "type": "query"},
        ),
    ],
)
async def test_its_line_says_what_was_wrong(
    studio: Studio, lines: Lines, body: bytes, said: dict[str, Any]
) -> None:
    await studio.client.post("/graphql", content=body, headers={"content-type": "application/json"})

    line = told(lines)
    assert {name: line.get(name) for name in said} == said
    assert ("errors" in line) is ("errors" in said)


@one_engine
async def test_every_answer_has_a_line_whatever_it_is(studio: Studio, lines: Lines) -> None:
    url, given = "/graphql", {"graphql-require-preflight": "1"}
    first = await studio.client.get(url, params={"query": NAME}, headers=given)
    await studio.client.get(
        url, params={"query": NAME}, headers=given | {"if-none-match": first.headers["etag"]}
    )
    await studio.client.head(url, params={"query": NAME}, headers=given)
    await studio.client.get(url, headers={"accept": "text/html"})
    await studio.client.delete(url)

    assert [(line["method"], line["status"], line["bytes"] > 0) for line in lines()[-5:]] == [
        ("GET", 200, True),
        ("GET", 304, False),
        ("HEAD", 200, False),
        ("GET", 200, True),
        ("DELETE", 405, True),
    ]


@one_engine
async def test_its_line_says_what_kind_of_viewer_asked(studio: Studio, lines: Lines) -> None:
    def token(**within: Any) -> str:
        claims = Claims(studio.people["admin"].row.public_id, **within)
        return studio.services.signer.issue(claims, studio.clock.now).text

    organization = parse_global_id(studio.organization)[1]
    workspace = parse_global_id(studio.workspaces[0])[1]
    for shown, kind in (
        (None, "anonymous"),
        (token(), "user"),
        (token(organization=organization), "organization"),
        (token(organization=organization, workspace=workspace), "workspace"),
        ("nonsense", "invalid token"),
    ):
        headers = {"authorization": f"Bearer {shown}"} if shown else {}
        await studio.send({"query": "{ limits { maxNodes } }"}, headers)

        assert told(lines)["viewer"] == kind


@one_engine
@pytest.mark.parametrize(
    ("given", "trace"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", True),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later", True),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later", False),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what-comes-later", False),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", False),
        ("", False),
    ],
)
async def test_a_request_that_is_part_of_a_trace_says_of_which(
    studio: Studio, lines: Lines, given: str, trace: bool
) -> None:
    await studio.send({"query": NAME}, {"traceparent": given})

    line = told(lines)
    assert (line.get("trace_id"), line.get("parent_id")) == (
        ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7") if trace else (None, None)
    )


@one_engine
async def test_two_traces_are_none(studio: Studio, lines: Lines) -> None:
    one = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    await studio.client.post("/graphql", json={"query": NAME}, headers=[one, one])

    assert "trace_id" not in told(lines)


async def test_the_trace_of_a_bug_stands_under_the_ids_of_the_request(studio: Studio, lines: Lines) -> None:
    async with studio.services.database.writing() as session:
        await session.execute(text("DROP TABLE co_creators"))
    headers = {
        "x-request-id": "the-bug",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    query = '{ publication(url: "ai-research-studio") { coCreators { id } } }'
    await studio.send({"query": query}, headers)

    bug, request = lines()[-2:]
    assert (bug["level"], bug["request_id"]) == ("error", "the-bug")
    assert bug["trace_id"] == request["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert bug["exception"].startswith("Traceback (most recent call last):\n")
    assert "co_creators" in bug["exception"]
    assert request["errors"] == ["INTERNAL_SERVER_ERROR"]


# What it never says


@one_engine
async def test_neither_variables_nor_tokens_nor_documents_are_said(studio: Studio, lines: Lines) -> None:
    await studio.add_person("ada", password="hush-in-variables")
    secret = {"authorization": "Bearer hush-in-a-header", "x-auth-token": "hush-in-a-header"}
    document = (
        'mutation { login(input: {password: {email: "hush@example.com", password: "hush"}}) { expiresAt } }'
    )
    await studio.send(
        {"query": LOGIN, "variables": {"e": "ada@example.com", "p": "hush-in-variables"}}, secret
    )
    await studio.send({"query": document})
    await studio.client.get(
        "/graphql",
        params={"query": NAME, "variables": '{"hush": "hush"}'},
        headers={"graphql-require-preflight": "1", "cookie": "hush"},
    )

    assert [line["event"] for line in lines()[-3:]] == ["request"] * 3
    assert "hush" not in json.dumps(lines())
    assert "login" not in json.dumps(lines())


@one_engine
async def test_where_documents_are_asked_for_nothing_that_is_written_into_them_is_said(
    studio: Studio, lines: Lines
) -> None:
    document = """mutation { login(input: {password: {email: "hush@example.com", password: \"\"\"hush\"\"\"}})
      { expiresAt } }  # hush"""
    numbers = "query($v: Boolean = true) { publications(first: 1234) { totalCount @include(if: $v) } }"
    app = create_app(Settings(log_documents=True), studio.services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for query in (document, numbers, "{ hush"):
            await client.post("/graphql", json={"query": query})

    said = [line.get("document_text") for line in lines()[-3:]]
    assert said == [
        'mutation {\n  login(input: { password: { email: "", password: "" } }) {\n    expiresAt\n  }\n}',
        "query ($v: Boolean = true) {\n  publications(first: 0) {\n    totalCount @include(if: $v)\n  }\n}",
        None,
    ]


@one_engine
@pytest.mark.parametrize("format", ["json", "text"])
async def test_nobody_can_write_a_line_of_their_own(studio: Studio, format: str) -> None:
    forged = '\n{"event": "forged"}\r\u2028\x1b[2J'
    with written(format) as stream:
        await studio.send({"query": f"query A{forged} {{ __typename }}", "operationName": f"A{forged}"})
        await studio.send({"query": "query A { __typename } query B { __typename }", "operationName": forged})
        await studio.send({"query": f"query {'N' * 5_000} {{ __typename }}"})
        logging.getLogger("viewgraph").warning("Another network says %s", forged)
    said = stream.getvalue()

    assert len(said.split("\n")) == 4 + 1
    assert "\r" not in said
    assert "\x1b" not in said
    assert said.count("Another network says") == 1
    assert "N" * 100 in said
    assert "N" * 101 not in said


@one_engine
async def test_values_of_a_statement_that_failed_are_not_said(studio: Studio) -> None:
    with pytest.raises(Exception, match="nothing") as failed:
        async with studio.services.database.writing() as session:
            await session.execute(text("INSERT INTO nothing VALUES (:a)"), {"a": "hush"})

    assert "hush" not in str(failed.value)


@one_engine
async def test_lines_of_requests_are_not_written_below_their_level(studio: Studio, lines: Lines) -> None:
    logging.getLogger("viewgraph").setLevel(logging.WARNING)
    before = len(lines())
    await studio.send({"query": NAME})

    assert len(lines()) == before


# One format for all


@pytest.mark.parametrize(
    ("path", "method", "is_told"),
    [
        ("/health", "GET", True),
        ("/collect", "POST", False),
        ("/graphql", "POST", False),
        ("/graphql?query=x", "GET", False),
        ("/graphql", "OPTIONS", True),
        ("/graphql/assets/index.js", "GET", True),
    ],
)
def test_what_has_a_line_of_its_own_has_no_second_one(path: str, method: str, is_told: bool) -> None:
    arguments = ("10.0.0.1:5", method, path, "1.1", 200)
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None
    )

    assert WithoutOwnLines().filter(record) is is_told


def test_another_path_of_the_door_has_no_line_for_each_event_either() -> None:
    arguments = ("10.0.0.1:5", "POST", "/shop/news", "1.1", 202)
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None
    )

    assert not WithoutOwnLines("/shop/news").filter(record)
    assert WithoutOwnLines().filter(record)


def test_the_access_log_does_not_say_what_is_asked() -> None:
    arguments = ("10.0.0.1:5", "OPTIONS", "/graphql?query=hush", "1.1", 200)
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None
    )

    assert Redacting().filter(record)
    assert record.getMessage() == '10.0.0.1:5 - "OPTIONS /graphql?... HTTP/1.1" 200'


@pytest.mark.parametrize("format", ["auto", "text"])
def test_everything_the_program_logs_has_one_format(
    sqlite_template: Path, tmp_path: Path, format: str
) -> None:
    shutil.copy(sqlite_template, tmp_path / "viewgraph.sqlite3")
    with Program("serve", folder=tmp_path, VIEWGRAPH_LOG_FORMAT=format) as program:
        program.post("query Limits { limits { maxNodes } }", {"x-request-id": "asked"})

    out, err = program.out.splitlines(), program.err.splitlines()
    if format == "auto":
        said = [json.loads(line) for line in (*out, *err)]
        assert all({"event", "level", "logger", "timestamp"} <= set(line) for line in said)
        assert {line["logger"] for line in said} == {
            "uvicorn.access",
            "uvicorn.error",
            "viewgraph",
            "viewgraph.requests",
        }
        assert not any("color_message" in line for line in said)
        (line,) = [line for line in said if line["logger"] == "viewgraph.requests"]
        assert (line["operation"], line["request_id"], line["statements"]) == ("Limits", "asked", 0)
    else:
        (asked,) = [line for line in out if "request_id=asked" in line]
        assert "operation=Limits" in asked
        assert any("Application startup complete." in line for line in err)
        assert not any(line.startswith("{") for line in (*out, *err))
    assert not any("/graphql" in line for line in (*out, *err))


def test_on_a_terminal_people_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.LogRecord("viewgraph", logging.INFO, "", 0, "Something %s", ("happened",), None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

    assert "Something happened" in formatter("auto", "stderr").format(record)
    assert json.loads(formatter("json", "stderr").format(record))["event"] == "Something happened"


def test_a_line_has_where_it_came_from_if_asked_for() -> None:
    record = logging.LogRecord("any", logging.ERROR, "", 0, "Lost", (), None, sinfo="Stack of calls")

    line = json.loads(formatter("json", "stderr").format(record))

    assert (line["event"], line["level"], line["stack_info"]) == ("Lost", "error", "Stack of calls")
    assert "exception" not in line
