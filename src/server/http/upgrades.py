"""Requests that suggest an upgrade to another protocol. The server may ignore the suggestion."""

from collections.abc import Iterable

from server.http.connection_refusal import ConnectionRefusal

_HEADERS = (b"upgrade", b"http2-settings")
_OF_A_BODY = (b"content-length", b"transfer-encoding")


def require_no_body(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Of a WebSocket's handshake. Raises ConnectionRefusal."""
    if any(name in _OF_A_BODY for name, _ in headers):
        raise ConnectionRefusal(400, "A WebSocket's handshake has no body.")


def without_upgrade(
    method: bytes, url: bytes, version: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """The bytes of the request's head without the suggestion."""
    lines = [b"%b %b HTTP/%b" % (method, url, version)]
    for name, value in headers:
        if name == b"connection":
            tokens = [token.strip() for token in value.split(b",")]
            value = b", ".join(token for token in tokens if token.lower() not in _HEADERS)
        if name not in _HEADERS:
            lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", b""])
