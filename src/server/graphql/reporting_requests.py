"""Requests that report events in variables. The events are decoded with the request, and not after it."""

from typing import Any

import msgspec

from ingest.wire_columns import PlainEvent
from server.graphql.requests import GraphQLRequest


class _Request(msgspec.Struct, gc=False):
    query: str
    variables: dict[str, list[PlainEvent]]
    operationName: str | None = None
    extensions: dict[str, Any] | None = None
    documentId: str | None = None


_decode = msgspec.json.Decoder(_Request).decode


def reporting_request(body: bytes | bytearray) -> GraphQLRequest | None:
    """The request, if its variables are nothing but lists of events. They hold instances of PlainEvent."""
    try:
        sent = _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return GraphQLRequest(sent.query, sent.documentId, sent.variables, sent.operationName, sent.extensions)
