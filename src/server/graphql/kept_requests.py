"""What a request asks for, and what of it the answer depends on."""

from collections.abc import Awaitable
from hashlib import blake2b
from secrets import token_bytes
from typing import Any

from starlette.types import Message, Receive, Scope

from server.http.forwarded import prefix_of
from server.http.receiving import Begun, received_at_once

MOST_BODY_BYTES = 16 * 1024
_MOST_QUERY_BYTES = 16 * 1024
_SECRET = token_bytes(32)
"""The secrets of callers are kept as digests under this key, which no other process knows."""
_SECRETS = frozenset({b"authorization", b"x-auth-token"})
_ALIKE = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"content-type",
        b"content-encoding",
        b"host",
        b"origin",
        b"sec-fetch-site",
        b"apollo-require-preflight",
        b"graphql-require-preflight",
        b"x-apollo-operation-name",
    }
)
"""Headers that the answer or its form can depend on. Nothing else of a request is looked at."""


class KeptRequest:
    """A request whose answer may be kept."""

    __slots__ = ("_alike", "has_credentials", "id", "key", "known", "method", "parents", "received", "rest")

    def __init__(self, method: str, alike: list[Any]) -> None:
        self.method = method
        self._alike = alike
        """What the answer depends on beside the question."""
        self.key: tuple[Any, ...] | None = None
        """None if the body was not there at once."""
        self.has_credentials = False
        self.id: str | None = None
        """As the request names itself."""
        self.parents: list[str] = []
        """The values of `traceparent`."""
        self.known: list[str] = []
        """The values of `If-None-Match`."""
        self.received: list[Message] = []
        """What was received of the body."""
        self.rest: Awaitable[Message] | None = None
        """What is received next, if that was begun already."""

    def ask(self, question: bytes) -> None:
        """`question`: the body of a POST, or the query string."""
        self.key = (self.method == "POST", question, *self._alike)

    @property
    def key_bytes(self) -> int:
        """How much text the key has: all that a client sends may be as long as it likes."""
        return sum(len(part) for part in self.key or () if isinstance(part, bytes | str))

    def receive(self, receive: Receive) -> None:
        """Receives what is there already of the body: nobody waits here for a body that comes slowly."""
        while True:
            received = received_at_once(receive)
            if isinstance(received, Begun):
                self.rest = received
                return
            self.received.append(received)
            if received["type"] != "http.request":
                return
            if not received.get("more_body"):
                self.ask(b"".join([message["body"] for message in self.received]))
                return


def kept_request_of(scope: Scope) -> KeptRequest | None:
    """None if no answer to it is kept, as to another method or a large body. A POST still has to ask."""
    method = scope["method"]
    is_post = method == "POST"
    if not is_post and method not in ("GET", "HEAD"):
        return None
    length, alike = 0, [scope["scheme"], prefix_of(scope), scope["path"]]
    request = KeptRequest(method, alike)
    for header in scope["headers"]:
        name = header[0]
        if name in _ALIKE:
            alike += header
        elif name in _SECRETS:
            request.has_credentials = True
            alike += name, blake2b(header[1], digest_size=24, key=_SECRET).digest()
        elif name == b"content-length":
            length = int(header[1]) if header[1].isdigit() else MOST_BODY_BYTES + 1
        elif name == b"if-none-match":
            request.known.append(header[1].decode("latin-1"))
        elif name == b"x-request-id":
            request.id = request.id or header[1].decode("latin-1")
        elif name == b"traceparent":
            request.parents.append(header[1].decode("latin-1"))
        elif name in (b"transfer-encoding", b"expect"):
            return None
    query: bytes = scope["query_string"]
    if length > (MOST_BODY_BYTES if is_post else 0) or len(query) > _MOST_QUERY_BYTES:
        return None
    if not is_post:
        request.ask(query)
    return request
