"""What a collector of OpenTelemetry gets, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.events import RECORD, view
from tests.live.served import served
from tests.server.keeping import kept_of
from tests.studio import Studio

NAMED = 'query Named { publication(url: "ai-research-studio") { name metrics { totalViews } } }'
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = (f"00-{TRACE}-{PARENT}-{flags}" for flags in ("01", "00"))


class Collector:
    url: str

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def roots(self) -> list[Span]:
        """In the order in which they began."""
        own = {span.span_id for span in self.spans}
        return sorted((span for span in self.spans if span.parent_span_id not in own), key=_start)

    def parts(self, root: Span) -> list[Span]:
        """In the order in which they began."""
        inner = [span for span in self.spans if span.parent_span_id == root.span_id]
        for span in inner:
            assert span.trace_id == root.trace_id
            assert _start(root) <= _start(span) <= span.end_time_unix_nano <= root.end_time_unix_nano
        return sorted(inner, key=_start)


def _start(span: Span) -> int:
    return span.start_time_unix_nano


def attributes(span: Span) -> dict[str, Any]:
    found = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = [each.string_value for each in value.values] if kind == "array_value" else value
    return found


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["content-type"] == "application/x-protobuf"
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        collector.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


async def test_a_request_its_plan_its_statements_and_its_batch_are_traced(
    studio: Studio, engine: str
) -> None:
    event = {"subject": {"publicationId": studio.publication}, **view("2023-06-15T11:00:00")}
    owner = {"authorization": f"Bearer {studio.token('owner')}", "x-request-id": "mine"}
    with collecting() as collector:
        async with served(studio.services, traces_url=collector.url) as server:
            async with httpx.AsyncClient(headers=owner) as client:

                async def ask(query: str, traceparent: str | None = None, **variables: Any) -> httpx.Response:
                    more = {"traceparent": traceparent, "tracestate": "a=b"} if traceparent else {}
                    body = {"query": query, "variables": variables}
                    return await client.post(server.url, json=body, headers=more)

                # From the second time on, a plan answers.
                await ask(NAMED, UNSAMPLED)
                with studio.statements() as seen:
                    answer = await ask(NAMED, SAMPLED)
                await ask("{ nothing }")
                await ask(RECORD, events=[event])
            async with server.socket(studio.token("owner")) as socket:
                await socket.subscribe(NAMED)
                await socket.next()
    assert answer.json()["data"]["publication"]["metrics"] == {"totalViews": 0}
    named, refused, recorded, batch, by_socket = collector.roots()

    assert (named.name, named.kind) == ("query Named", Span.SPAN_KIND_SERVER)
    assert (named.trace_id.hex(), named.parent_span_id.hex(), named.trace_state) == (TRACE, PARENT, "a=b")
    found = attributes(named)
    assert len(found.pop("graphql.document.hash")) == 64
    assert found == {
        "viewgraph.request_id": "mine",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "graphql.operation.name": "Named",
        "graphql.operation.type": "query",
        "viewgraph.cost": 7,
        "viewgraph.statements": 2,
        "viewgraph.viewer": "user",
    }
    parts = collector.parts(named)
    inner = [part.name for part in parts if part.kind == Span.SPAN_KIND_INTERNAL]
    assert inner == ["validate", "execute", "plan"]
    statements = [attributes(part) for part in parts if part.kind == Span.SPAN_KIND_CLIENT]
    assert [one["db.system.name"] for one in statements] == [engine] * 2
    # The jobs that a server does when it starts run statements meanwhile.
    assert {one["db.query.text"] for one in statements} <= set(seen)

    assert refused.parent_span_id == b""
    assert (refused.name, attributes(refused)["viewgraph.errors"]) == (
        "POST /graphql",
        ["GRAPHQL_VALIDATION_FAILED"],
    )
    assert recorded.name == "mutation"
    assert (batch.name, attributes(batch)) == ("batch", {"viewgraph.events": 1})
    written = [attributes(part)["db.query.text"] for part in collector.parts(batch)]
    assert written[-1] == "COMMIT"
    assert any("INTO events" in text for text in written)
    assert by_socket.name == "query Named"
    assert attributes(by_socket)["http.request.method"] == "WEBSOCKET"


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_answer_that_is_kept_is_traced_too(studio: Studio) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}", "traceparent": SAMPLED}
    with collecting() as collector:
        async with (
            kept_of(studio) as kept,
            served(kept.services, traces_url=collector.url, traces_share=0) as server,
            httpx.AsyncClient(headers=headers) as client,
        ):
            for _ in range(20):
                await client.post(server.url, json={"query": NAMED})
            await client.post(server.url, json={"query": NAMED}, headers={"traceparent": ""})
    # Without a trace of its own, a request is traced by the share.
    assert [span.name for span in collector.roots()] == ["query Named"] * 20
    last = [span for span in collector.roots() if attributes(span).get("viewgraph.kept")][-1]
    assert (last.trace_id.hex(), last.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(last)["http.response.status_code"] == 200
    assert collector.parts(last) == []


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_share_of_the_requests_is_traced(studio: Studio) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}"}
    with collecting() as collector:
        async with (
            kept_of(studio) as kept,
            served(kept.services, traces_url=collector.url, traces_share=0.5) as server,
            httpx.AsyncClient(headers=headers) as client,
        ):
            for _ in range(120):
                await client.post(server.url, json={"query": NAMED})
                await client.post(server.url, json={"query": NAMED}, headers={"traceparent": UNSAMPLED})
                await client.post(
                    server.url, json={"query": NAMED}, headers={"traceparent": f"{SAMPLED}-more"}
                )

    roots = collector.roots()
    # It would be fewer or more once in a billion times.
    assert 70 < len(roots) < 170
    # A trace that is not to be traced is not drawn, and what is no trace is as if nothing had come.
    assert len({span.trace_id for span in roots}) == len(roots)
    assert all(span.parent_span_id == b"" and span.trace_id.hex() != TRACE for span in roots)
