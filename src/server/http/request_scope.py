"""The scope of one request: its id, its limits, its use of the database, and its line in the log.

Every door opens one: /graphql for a POST, a GET, an event stream and each operation on a WebSocket, /collect
and /reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from database import Usage, metered
from resolvers.context import Context, Services
from server.http import access_log
from server.http.bodies import NO_BODY, BodyLimits, read_body
from server.http.client_address import client_address
from server.http.forwarded import prefix_of
from server.http.request_spans import span_of
from server.http.request_tallies import RequestTallies, code_of, tallies_of
from server.http.tracing import Trace, named, request_id_of, trace_of

_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(slots=True)
class RequestScope:
    connection: HTTPConnection
    method: str
    """The HTTP method; WEBSOCKET for an operation on one."""
    id: str
    trace: Trace | None
    usage: Usage
    """Statements and time of the database."""
    body_limits: BodyLimits
    began: float = field(default_factory=perf_counter)
    context: Context | None = None
    """None until the server knows what to execute."""
    parse_seconds: float | None = None
    """None if nothing was parsed."""
    errors: list[dict[str, Any]] = field(default_factory=list)
    """In the form of GraphQL's answers."""
    is_answered: bool = False
    """Whether there is something to log."""
    is_batch: bool = False
    """Whether its operations have scopes of their own. Then this one has no line in the log."""
    status: int | None = None
    """None on a WebSocket."""
    body_bytes: int = 0
    answers: int | None = None
    """The number of answers of a stream; None for a single answer."""
    log_fields: dict[str, Any] = field(default_factory=dict)
    """Further fields of the line in the log, beside those of every request."""

    def seconds(self) -> float:
        """Since the request came in."""
        return perf_counter() - self.began

    def is_signed_in(self) -> bool:
        return self.context is not None and self.context.viewer.user_id is not None

    async def read_body(self) -> bytes:
        """Raises RequestRefused if the body is too large or too slow."""
        assert isinstance(self.connection, Request)
        return await read_body(self.connection, self.body_limits)

    def open_context(self, services: Services, credentials: Mapping[str, str] | None = None) -> Context:
        """Makes the context, with these credentials or else the headers. It does not identify the
        viewer yet.
        """
        context = self.context = Context(
            services,
            now=services.clock(),
            address=client_address(self.connection.scope),
            # Not a method of this: the two would keep each other alive until the collector comes.
            base_url=partial(_base_url, self.connection, services.links.origin),
            credentials=self.connection.headers if credentials is None else credentials,
        )
        return context

    def answer_with(self, response: Response) -> None:
        self.is_answered = not self.is_batch
        self.status, self.body_bytes = response.status_code, len(response.body)

    def note_error(self, code: str) -> None:
        """Notes the only error of a door that does not speak GraphQL."""
        self.errors = [{"extensions": {"code": code}}]

    def add_to(self, tallies: RequestTallies) -> None:
        execution = self.context.execution if self.context else None
        operation = execution.operation if execution else None
        tallies.note(
            self._door(),
            operation.name if operation else None,
            code_of(self.status, self.errors),
            None if operation and operation.type == "subscription" else self.seconds(),
            (execution.cost or 0) if execution else 0,
            self.usage.statements,
            is_signed_in=self.is_signed_in(),
        )

    def _door(self) -> str:
        """Where the request came in: a path without what varies in it, or WEBSOCKET. A stranger must not be
        able to make new ones.
        """
        path: str = self.log_fields.get("path", "/graphql")
        return self.method if self.method == "WEBSOCKET" else path

    def log_line(self) -> dict[str, Any]:
        context = self.context
        execution = context.execution if context else None
        operation = execution.operation if execution else None
        return {
            "request_id": self.id,
            "trace_id": self.trace.id if self.trace else None,
            "parent_id": self.trace.parent if self.trace else None,
            "method": self.method,
            "status": self.status,
            "bytes": self.body_bytes,
            "answers": self.answers,
            "duration_ms": access_log.milliseconds(self.seconds()),
            "operation": access_log.operation_name(operation.name) if operation else None,
            "type": operation.type if operation else None,
            "cost": execution.cost if execution else None,
            "statements": self.usage.statements,
            "database_ms": access_log.milliseconds(self.usage.seconds),
            "viewer": access_log.viewer_kind(context.viewer) if context else None,
            "errors": access_log.error_codes(self.errors),
            **self.log_fields,
        }


class request_scope:
    """All log lines and statements in this block belong to the request. At the end the request's own line is
    logged, if the request was answered.

    `id`: the id of an operation on a WebSocket. Its headers are those of the handshake.
    """

    __slots__ = ("_metered", "_named", "_scope", "_span")

    def __init__(
        self,
        connection: HTTPConnection,
        method: str,
        body_limits: BodyLimits = NO_BODY,
        *,
        id: str | None = None,
    ) -> None:
        headers = connection.headers
        id, trace = id or request_id_of(headers), trace_of(headers)
        self._metered = metered()
        self._named = named(id, trace)
        scope = RequestScope(connection, method, id, trace, self._metered.usage, body_limits)
        self._scope = scope
        self._span = span_of(connection.scope, headers, scope.began)
        if self._span:
            scope.usage.parts = []

    def __enter__(self) -> RequestScope:
        scope = self._scope
        access_log.announce(scope.connection.scope["path"])
        self._metered.__enter__()
        self._named.__enter__()
        return scope

    def __exit__(self, *_: object) -> None:
        scope = self._scope
        try:
            if scope.is_answered:
                line = scope.log_line() if access_log.is_written() or self._span else None
                if line and access_log.is_written():
                    access_log.write(line)
                if tallies := tallies_of(scope.connection.scope):
                    scope.add_to(tallies)
                if line and self._span:
                    self._span.end(line, scope.usage.parts or ())
        finally:
            self._named.__exit__()
            self._metered.__exit__()


def _base_url(connection: HTTPConnection, origin: str | None) -> str:
    """At `origin`, or else where the client wrote. For a WebSocket it has the scheme of HTTP."""
    if origin is None:
        url = connection.base_url
        origin = f"{_SCHEMES.get(url.scheme, url.scheme)}://{url.netloc}"
    return f"{origin}{prefix_of(connection.scope)}/"
