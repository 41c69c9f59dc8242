"""What a tracer has to be, so that requests can be traced: this folder knows no library for it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from database import Part

_IN_SCOPE = "viewgraph.tracer"


class RequestSpan(Protocol):
    """A request that is traced."""

    def end(self, line: Mapping[str, Any], parts: Sequence[Part]) -> None:
        """`line`: what the line of the log says. `parts`: what took time."""


class RequestTracer(Protocol):
    def begin(self, parents: Sequence[str], state: Sequence[str], began: float) -> RequestSpan | None:
        """None if the request is not in the share that is traced. `parents` and `state` are the values of the
        headers `traceparent` and `tracestate`. `began`: by `perf_counter`.
        """


class Traced:
    """The requests of an application are traced."""

    def __init__(self, app: ASGIApp, tracer: RequestTracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_IN_SCOPE] = self._tracer
        await self._app(scope, receive, send)


def span_of(scope: Scope, headers: Headers, began: float) -> RequestSpan | None:
    """The span of a request that begins; None if it is not traced."""
    tracer: RequestTracer | None = scope.get(_IN_SCOPE)
    if tracer is None:
        return None
    return tracer.begin(headers.getlist("traceparent"), headers.getlist("tracestate"), began)
