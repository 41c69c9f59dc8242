"""Traces for a collector of OpenTelemetry, by its SDK: a span for each request, and for what took time in it.

A request notes plain times while it is answered. Its spans are made when it ends.
"""

from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from random import Random
from time import perf_counter, time_ns
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from base.errors import TimedOut, Unavailable
from database import Part, metered
from server.http.errors import Code

_OFFSET = time_ns() - round(1e9 * perf_counter())
"""Nanoseconds since 1970 at the zero of `perf_counter`."""
_EXPORT_SECONDS = 5
_FAULTS = {Code.INTERNAL_SERVER_ERROR.value, Unavailable.code, TimedOut.code}
_ATTRIBUTES = {
    "request_id": "viewgraph.request_id",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "path": "http.route",
    "operation": "graphql.operation.name",
    "type": "graphql.operation.type",
    "document": "graphql.document.hash",
    "cost": "viewgraph.cost",
    "statements": "viewgraph.statements",
    "kept": "viewgraph.kept",
    "viewer": "viewgraph.viewer",
    "errors": "viewgraph.errors",
}
"""Names of attributes, by the keys of the log."""
_propagator = TraceContextTextMapPropagator()
_random = Random()  # noqa: S311  # Which requests are traced is no secret.


class Traces:
    def __init__(self, url: str, share: float, *, database: str) -> None:
        """`share`: of the requests that belong to no trace. Others are traced if their trace is.

        `database`: the name of the engine.
        """
        self._share = share
        self._database = database
        self._provider = TracerProvider(
            # What belongs to no trace is drawn here: to ask the library for each request takes a fifth of the
            # time of a kept answer.
            sampler=ParentBased(ALWAYS_ON),
            resource=Resource.create({"service.name": "viewgraph"}),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=_EXPORT_SECONDS))
        )
        self._tracer = self._provider.get_tracer("viewgraph")

    def begin(self, parents: Sequence[str], state: Sequence[str], began: float) -> "TracedRequest | None":
        context = _context_of(parents, state)
        if not context and not self._is_drawn():
            return None
        span = self._tracer.start_span("request", context, SpanKind.SERVER, start_time=_nanoseconds(began))
        return TracedRequest(self._tracer, span, self._database) if span.is_recording() else None

    @contextmanager
    def batch(self, events: int) -> Iterator[None]:
        """A batch belongs to no single request, so it has a trace of its own."""
        if not self._is_drawn():
            yield
            return
        span = self._tracer.start_span("batch", Context(), attributes={"viewgraph.events": events})
        with metered() as usage:
            usage.parts = []
            try:
                yield
            except BaseException:
                span.set_status(StatusCode.ERROR)
                raise
            finally:
                _end(self._tracer, span, usage.parts, self._database, perf_counter())

    def _is_drawn(self) -> bool:
        return _random.random() < self._share

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end, what is left is sent."""
        try:
            yield
        finally:
            await to_thread(self._provider.shutdown)


def _context_of(parents: Sequence[str], state: Sequence[str]) -> Context:
    """The trace that the request belongs to; empty if there is none."""
    # Of several, none is to be believed.
    if len(parents) != 1:
        return Context()
    return _propagator.extract({"traceparent": list(parents), "tracestate": list(state)}, Context())


class TracedRequest:
    def __init__(self, tracer: Tracer, span: Span, database: str) -> None:
        self._tracer = tracer
        self._span = span
        self._database = database

    def end(self, line: Mapping[str, Any], parts: Sequence[Part]) -> None:
        span, given = self._span, {name: value for name, value in line.items() if value is not None}
        span.update_name(_name(given))
        known = _ATTRIBUTES.keys() & given.keys()
        span.set_attributes({_ATTRIBUTES[name]: given[name] for name in known})
        if not _FAULTS.isdisjoint(given.get("errors", ())):
            span.set_status(StatusCode.ERROR)
        _end(self._tracer, span, parts, self._database, perf_counter())


def _name(line: Mapping[str, Any]) -> str:
    """Such as `query Dashboard`; for a request without an operation its method and path."""
    if type := line.get("type"):
        return f"{type} {line['operation']}" if "operation" in line else str(type)
    return f"{line['method']} {line.get('path', '/graphql')}"


def _end(tracer: Tracer, span: Span, parts: Sequence[Part], database: str, ended: float) -> None:
    context = set_span_in_context(span, Context())
    for part in parts:
        _end_part(tracer, context, part, database)
    span.end(_nanoseconds(ended))


def _end_part(tracer: Tracer, context: Context, part: Part, database: str) -> None:
    name, kind, attributes = part.name, SpanKind.INTERNAL, {}
    if part.statement is not None:
        name, kind = part.statement.split(None, 1)[0], SpanKind.CLIENT
        attributes = {"db.system.name": database, "db.query.text": part.statement}
    span = tracer.start_span(name, context, kind, attributes, start_time=_nanoseconds(part.began))
    span.end(_nanoseconds(part.ended))


def _nanoseconds(instant: float) -> int:
    """Since 1970. `instant`: by `perf_counter`."""
    return _OFFSET + round(1e9 * instant)
