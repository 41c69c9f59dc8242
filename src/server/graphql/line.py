"""The one line of the log that each request to /graphql has. It never says what was answered, and of what
was asked only what stands here."""

import logging
import re
from typing import Any, NamedTuple

from graphql import (
    FloatValueNode,
    IntValueNode,
    Node,
    StringValueNode,
    Visitor,
    print_ast,
    visit,
)
from starlette.requests import Request
from starlette.responses import Response

from auth.viewer import Viewer
from graph.document import Document
from server.graphql.streams import Stream
from server.http.trip import Trip

log = logging.getLogger("viewgraph.requests")

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_LONGEST_NAME = 100
_MOST_CODES = 10
_LONGEST_DOCUMENT = 10_000


class Told(NamedTuple):
    """How it was asked, and what was sent."""

    method: str
    """Of HTTP; or WEBSOCKET, of one operation that came by it."""
    status: int | None
    bytes: int
    answers: int | None = None
    """Of a stream; None where there can be but one."""


def told_of(request: Request, response: Response | Stream) -> Told:
    if isinstance(response, Stream):
        return Told(request.method, 200, response.bytes, response.answers)
    return Told(request.method, response.status_code, len(response.body))


def log_request(trip: Trip, told: Told, *, documents: bool) -> None:
    """`documents`: whether it says the document too, without what is written into it."""
    if not log.isEnabledFor(logging.INFO):
        return
    execution = trip.context.execution if trip.context else None
    operation = execution.operation if execution else None
    line = {
        "request_id": trip.id,
        "trace_id": trip.trace.id if trip.trace else None,
        "parent_id": trip.trace.parent if trip.trace else None,
        **told._asdict(),
        "duration_ms": _milliseconds(trip.seconds()),
        "operation": _name(operation.name) if operation else None,
        "type": operation.type if operation else None,
        "document": trip.document.hash if trip.document else None,
        "cost": execution.cost if execution else None,
        "statements": trip.usage.statements,
        "database_ms": _milliseconds(trip.usage.seconds),
        "viewer": _kind(trip.context.viewer) if trip.context else None,
        "errors": _codes(trip.errors),
        "document_text": _without_values(trip.document) if documents and trip.document else None,
    }
    log.info("request", extra={name: value for name, value in line.items() if value is not None})


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _name(given: str | None) -> str | None:
    """As GraphQL has names, whatever else a client may send; of those, no more than fits into a line."""
    return given[:_LONGEST_NAME] if given and _NAME.fullmatch(given) else None


def _codes(errors: list[dict[str, Any]]) -> list[str] | None:
    """Each once, in the order in which they stand."""
    codes = dict.fromkeys(str(error["extensions"]["code"]) for error in errors)
    return list(codes)[:_MOST_CODES] or None


def _kind(viewer: Viewer) -> str:
    if viewer.refusal:
        return "invalid token"
    if viewer.user_id is None:
        return "anonymous"
    if viewer.workspace_id is not None:
        return "workspace"
    return "user" if viewer.organization_id is None else "organization"


class _Blank(Visitor):
    """Leaves the shape of a document, and puts an empty value of its kind in place of each that is written
    into it: a password may be."""

    def enter_string_value(self, *_: Any) -> Node:
        return StringValueNode(value="", block=False)

    def enter_int_value(self, *_: Any) -> Node:
        return IntValueNode(value="0")

    def enter_float_value(self, *_: Any) -> Node:
        return FloatValueNode(value="0")


def _without_values(document: Document) -> str | None:
    """None for what is no document: nobody knows what stands where in it."""
    node = document.node
    if node is None:
        return None
    return document.known(_Blank, lambda: print_ast(visit(node, _Blank()))[:_LONGEST_DOCUMENT])
