"""An HTTP response that the server sends without calling the application, as the bytes on the wire."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import orjson

from server.http.errors import Code

THROTTLED = "THROTTLED"
UNAVAILABLE = "UNAVAILABLE"
_JSON = "application/json"


class ConnectionRefusal(Exception):
    """Refuses a request or a connection. The connection ends after it."""

    def __init__(
        self, status: int, message: str, *, code: str = Code.BAD_REQUEST, retry_after: int | None = None
    ) -> None:
        """`retry_after`: in seconds."""
        super().__init__(message)
        self.status = status
        again: dict[str, Any] = {} if retry_after is None else {"retryAfter": retry_after}
        self.body = orjson.dumps({"code": code, "message": message, **again})
        self.headers = {
            "content-type": _JSON,
            "content-length": str(len(self.body)),
            # Pages of all sites may read it, because it has no secret.
            "access-control-allow-origin": "*",
            "cache-control": "no-store",
            **({} if retry_after is None else {"retry-after": str(retry_after)}),
            "connection": "close",
        }

    def as_sent(self, also: Iterable[tuple[bytes, bytes]]) -> bytes:
        """`also`: headers that all responses have."""
        status = HTTPStatus(self.status)
        own = [f"{name}: {value}".encode() for name, value in self.headers.items()]
        others = [name + b": " + value for name, value in also]
        first = f"HTTP/1.1 {status.value} {status.phrase}".encode()
        return b"\r\n".join([first, *others, *own, b"", self.body])
