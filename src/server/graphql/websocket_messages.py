"""The messages that clients send over a WebSocket, by the subprotocol graphql-transport-ws."""

from typing import Any, TypeAlias

import msgspec

from base.errors import BadUserInput
from server.graphql.requests import GraphQLRequest, require_few_values

PROTOCOL = "graphql-transport-ws"
_LONGEST_REASON = 123
"""Bytes. A closing frame has no room for more."""


class Init(msgspec.Struct, tag="connection_init"):
    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag="ping"):
    payload: dict[str, Any] | None = None


class Pong(msgspec.Struct, tag="pong"):
    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, tag="subscribe"):
    id: str
    payload: GraphQLRequest


class Complete(msgspec.Struct, tag="complete"):
    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class Close(Exception):
    """Ends the connection, with a code of the protocol. A long reason is cut."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason.encode()[:_LONGEST_REASON].decode(errors="ignore")


def message_in(text: str | None) -> Message:
    """`text` is None if bytes came. Raises Close."""
    if text is None:
        raise Close(4400, "Send text, not bytes")
    try:
        require_few_values(text.encode())
        return _decoder.decode(text)
    except BadUserInput as error:
        raise Close(4400, f"Invalid message: {error.message}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Close(4400, f"Invalid message: {error}") from None


def headers_in(payload: dict[str, Any]) -> dict[str, str]:
    """The headers in the payload, in lower case. Clients write them at the top or below `headers`."""
    within = payload.get("headers")
    given = {**payload, **(within if isinstance(within, dict) else {})}
    return {name.lower(): value for name, value in given.items() if isinstance(value, str)}
