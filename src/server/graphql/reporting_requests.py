"""Requests that report events in a variable of a known document. The events are decoded with the request, and
not after it.
"""

from typing import Any, NamedTuple

import msgspec

from execution.operation import recording_in
from graph.document import Operation
from graph.event_variables import EVENT_TYPE
from graph.record_events import Recording
from ingest.wire_columns import PlainEvent
from server.graphql.requested_documents import RequestedDocuments
from server.graphql.requests import GraphQLRequest
from server.http.errors import RequestRefused

MARK = EVENT_TYPE.encode()
"""The body of every such request has it somewhere."""


class Reporting(NamedTuple):
    request: GraphQLRequest
    """Its variables hold instances of PlainEvent."""
    operation: Operation
    recording: Recording


class _Request(msgspec.Struct, gc=False):
    query: str
    variables: dict[str, list[PlainEvent]]
    operationName: str | None = None
    extensions: dict[str, Any] | None = None
    documentId: str | None = None


_decode = msgspec.json.Decoder(_Request).decode


def reporting_in(body: bytes | bytearray, documents: RequestedDocuments) -> Reporting | None:
    """None if the request may do anything else, or if something about it is unusual. Then it is to be decoded
    in the usual way.
    """
    try:
        sent = _decode(body)
        asked = GraphQLRequest(
            sent.query, sent.documentId, sent.variables, sent.operationName, sent.extensions
        )
        operation = documents.known_operation(asked)
    except (msgspec.MsgspecError, ValueError, RecursionError, RequestRefused):
        return None
    recording = recording_in(operation, asked.variables) if operation else None
    return Reporting(asked, operation, recording) if operation and recording else None
