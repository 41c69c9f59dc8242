"""GraphQL requests, read from a body or from a URL."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from base.arrays import are_for_arrays, numpy
from base.errors import BadUserInput
from server.http.errors import Code, RequestRefused

_MAX_PARAMETERS = 100


class GraphQLRequest(msgspec.Struct):
    query: str | None = None
    documentId: str | None = None
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(GraphQLRequest).decode
_decode_list = msgspec.json.Decoder(list[GraphQLRequest]).decode
_decode_object = msgspec.json.Decoder(dict[str, Any] | None).decode
_MOST_COMMAS = 100_000
"""The most commas in a body. They limit its values before it is decoded, which would hold up everybody."""
_SPACE = b" \t\r\n"
_NO_LISTS = (
    "This server answers one operation in each request. The setting VIEWGRAPH_MAX_OPERATIONS allows lists."
)
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def request_in_body(body: bytes) -> GraphQLRequest:
    """Raises RequestRefused."""
    try:
        return _decode(body)
    except _UNREADABLE as error:
        raise RequestRefused(f"The body is no GraphQL request: {error}.", Code.BAD_REQUEST, 400) from None


def is_list(body: bytes) -> bool:
    return body.lstrip(_SPACE)[:1] == b"["


def requests_in_body(body: bytes, most: int) -> list[GraphQLRequest]:
    """Of a body that is a list of requests. Raises RequestRefused, also for more than `most`, and
    BAD_USER_INPUT for a body with too many values.
    """
    if not most:
        raise RequestRefused(_NO_LISTS, Code.BAD_REQUEST, 400)
    require_few_values(body)
    try:
        requests = _decode_list(body)
    except _UNREADABLE as error:
        raise RequestRefused(f"The body is no list of requests: {error}.", Code.BAD_REQUEST, 400) from None
    if not requests:
        raise RequestRefused("The list has no operation.", Code.BAD_REQUEST, 400)
    if len(requests) > most:
        raise RequestRefused(
            f"A request may have {most} operations, and this has {len(requests)}: send several requests.",
            Code.BAD_REQUEST,
            400,
        )
    return requests


def require_few_values(json: bytes) -> None:
    """Raises BAD_USER_INPUT."""
    if len(json) > _MOST_COMMAS and _commas(json) > _MOST_COMMAS:
        raise BadUserInput(
            f"What is sent may have {_MOST_COMMAS:,} commas: send fewer values at a time.",
            argument="variables",
            reason="TOO_MANY",
        )


def _commas(json: bytes) -> int:
    if are_for_arrays(json):
        # `bytes.count` takes five times as long.
        return int(numpy().count_nonzero(numpy().frombuffer(json, "u1") == ord(",")))
    return json.count(b",")


def request_in_url(query_string: bytes) -> GraphQLRequest:
    """Objects are written as JSON. An empty parameter counts as not given, except `query`.

    Raises RequestRefused.
    """
    try:
        given = _parameters(query_string)
        objects = {name: _decode_object(given.pop(name) or "null") for name in _OBJECTS & given.keys()}
        texts = {name: given.pop(name) or None for name in _NAMES & given.keys()}
        return msgspec.convert({**given, **objects, **texts}, GraphQLRequest)
    except _UNREADABLE as error:
        raise RequestRefused(f"The URL is no GraphQL request: {error}.", Code.BAD_REQUEST, 400) from None


_OBJECTS = {"variables", "extensions"}
_NAMES = {"documentId", "operationName"}


def _parameters(query_string: bytes) -> dict[str, str]:
    """Raises ValueError."""
    pairs = parse_qsl(
        query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
    )
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise ValueError("A parameter is given twice")
    return parameters
