"""What every request has, at whatever door: an id, a line in the log, and a limit of its time."""

import json
import logging
from asyncio import create_task, sleep
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from typing import Any

import httpx
import pytest

from base.sketches import sketching
from ingest.devices import classifying
from resolvers.context import Limits
from server.app import create_app
from server.logs import formatter
from server.settings import Settings
from tests.database.slow import slow_down, until_running
from tests.ingest.test_buffer import nothing_written
from tests.server.test_reports import OF_ORGANIZATION, ask
from tests.studio import Studio

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def written() -> Iterator[Lines]:
    """The lines of requests."""
    logger = logging.getLogger("viewgraph.requests")
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter("json", "stderr"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.fixture
async def link(studio: Studio) -> str:
    """To a report."""
    await studio.add_asset("Chair")
    url, _ = await ask(studio, OF_ORGANIZATION, studio.organization, studio.token("admin"))
    return url


def hurried(studio: Studio) -> httpx.AsyncClient:
    # What the first event of a process loads takes its time.
    classifying.load()
    sketching.load()
    services = replace(studio.services, limits=Limits(query_seconds=0.2))
    transport = httpx.ASGITransport(create_app(Settings(), services))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def view(studio: Studio) -> list[dict[str, Any]]:
    return [{"subject": {"publicationId": studio.publication}, "action": "VIEW"}]


async def test_collect_has_an_id_and_one_line(studio: Studio) -> None:
    headers = {"x-request-id": "one", "traceparent": TRACE, "user-agent": "Mozilla/5.0 (X11) Firefox/120.0"}
    with written() as lines:
        response = await studio.client.post("/collect", json=view(studio), headers=headers)

    assert (response.status_code, response.headers["x-request-id"]) == (202, "one")
    (line,) = lines()
    assert 0 < line.pop("database_ms") < line.pop("duration_ms")
    assert line.pop("statements") > 0
    del line["timestamp"]
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "viewgraph.requests",
        "request_id": "one",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "parent_id": "00f067aa0ba902b7",
        "method": "POST",
        "path": "/collect",
        "status": 202,
        "bytes": len(response.content),
        "viewer": "anonymous",
    }


@pytest.mark.parametrize(
    ("body", "status", "code"), [(b"nonsense", 400, "BAD_REQUEST"), (b" " * 1_000_001, 413, "BAD_REQUEST")]
)
async def test_what_collect_refuses_has_a_line_with_the_code(
    studio: Studio, body: bytes, status: int, code: str
) -> None:
    with written() as lines:
        response = await studio.client.post("/collect", content=body)

    (line,) = lines()
    assert (response.status_code, line["status"], line["errors"]) == (status, status, [code])
    assert response.headers["x-request-id"] == line["request_id"]


async def test_another_path_of_collect_is_said_in_its_line(studio: Studio) -> None:
    transport = httpx.ASGITransport(create_app(Settings(collect_path="/shop/news"), studio.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        with written() as lines:
            await client.post("/shop/news", json=[])

    assert [line["path"] for line in lines()] == ["/shop/news"]


async def test_a_report_has_an_id_and_one_line_without_the_link(studio: Studio, link: str) -> None:
    with written() as lines:
        response = await studio.client.get(link, headers={"x-request-id": "two"})

    assert (response.status_code, response.headers["x-request-id"]) == (200, "two")
    (line,) = lines()
    assert {name: line[name] for name in ("request_id", "method", "path", "status", "bytes", "viewer")} == {
        "request_id": "two",
        "method": "GET",
        "path": "/reports",
        "status": 200,
        "bytes": len(response.content),
        "viewer": "user",
    }
    assert link.rpartition("/")[2] not in json.dumps(lines())


async def test_a_link_that_leads_nowhere_has_a_line_with_the_code(studio: Studio) -> None:
    with written() as lines:
        response = await studio.client.get("/reports/nonsense")

    (line,) = lines()
    assert (response.status_code, line["status"], line["errors"]) == (404, 404, ["NOT_FOUND"])
    assert "nonsense" not in json.dumps(line)


async def test_a_bug_of_collect_is_logged_under_its_id(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("what nobody expects")

    with written() as lines, studio.services.database.observed(fail):
        response = await studio.client.post("/collect", json=view(studio))

    (line,) = lines()
    assert (response.status_code, line["errors"]) == (500, ["INTERNAL_SERVER_ERROR"])
    assert response.headers["x-request-id"] == line["request_id"]
    assert [record.message for record in caplog.records if record.exc_info] == ["A request failed"]


async def test_collect_takes_no_longer_than_a_query_may(studio: Studio) -> None:
    await slow_down(studio.services.database, "publications")
    async with hurried(studio) as client:
        with written() as lines:
            response = await client.post("/collect", json=view(studio))

    assert (response.status_code, response.json()) == (
        503,
        {"code": "TIMEOUT", "message": "The request took longer than 0.2 seconds."},
    )
    assert [(line["status"], line["errors"]) for line in lines()] == [(503, ["TIMEOUT"])]
    assert await studio.count("events") == 0
    await until_running(studio.services.database, 0)


async def test_collect_waits_for_what_is_being_written_however_long_a_query_may_take(studio: Studio) -> None:
    """An answer that said less would make its sender send them again, and they would count twice."""
    async with hurried(studio) as client:
        first = await client.post("/collect", json=view(studio), headers=BROWSER)
        async with nothing_written(studio):
            second = create_task(client.post("/collect", json=view(studio), headers=BROWSER))
            await sleep(0.5)
            assert not second.done()
        responses = [first, await second]

    assert [(response.status_code, response.json()["stored"]) for response in responses] == [(202, 1)] * 2
    assert await studio.count("events") == 2


async def test_a_report_takes_no_longer_than_a_query_may(studio: Studio, link: str) -> None:
    await slow_down(studio.services.database, "assets")
    async with hurried(studio) as client:
        with written() as lines:
            response = await client.get(link)

    assert (response.status_code, response.json()) == (
        503,
        {"code": "TIMEOUT", "message": "The report took longer than 0.2 seconds."},
    )
    assert [(line["status"], line["errors"]) for line in lines()] == [(503, ["TIMEOUT"])]
    await until_running(studio.services.database, 0)
