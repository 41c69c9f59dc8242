"""Bodies of requests, which have a largest size and a longest time."""

from asyncio import timeout
from collections.abc import Iterable
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.errors import Code, RequestRefused
from server.http.receiving import Begun, received_at_once

_SMALL = b"65536"
"""Bytes that uvicorn reads before the application asks for them."""
_LATER = frozenset({b"transfer-encoding", b"expect"})


class BodyLimits(NamedTuple):
    bytes: int
    seconds: float


NO_BODY = BodyLimits(0, 0)


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """Raises RequestRefused. If the headers say that the body is too large, none of it is read."""
    most, seconds = limits
    if _announced(request.headers) > most:
        raise _too_large(most)
    body = bytearray()
    # A short body is there already. A limit on the time would take longer than to read it.
    message = received_at_once(request.receive)
    try:
        if isinstance(message, Begun) or not _is_last(message, body, most):
            async with timeout(seconds):
                is_whole = isinstance(message, Begun) and _is_last(await message, body, most)
                while not is_whole:
                    is_whole = _is_last(await request.receive(), body, most)
    except TimeoutError:
        raise RequestRefused(
            f"The body did not come within {seconds:g} seconds.", Code.BAD_REQUEST, 408, connection="close"
        ) from None
    return bytes(body)


def _is_last(message: Message, body: bytearray, most: int) -> bool:
    """Adds a part to the body, and says whether it is the last one. Raises RequestRefused, and
    ClientDisconnect.
    """
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body += message.get("body", b"")
    if len(body) > most:
        raise _too_large(most)
    return not message.get("more_body", False)


def _too_large(most: int) -> RequestRefused:
    return RequestRefused(
        f"The body may have {most:,} bytes. Send less at once.", Code.BAD_REQUEST, 413, connection="close"
    )


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


class CloseIfUnread:
    """Middleware for answers that go out before the body was read. It tells the client that the connection
    ends with the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not may_be_unread(scope["headers"]):
            await self._app(scope, receive, send)
            return
        is_read = False

        async def reading() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = is_read or not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not is_read:
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, reading, sending)


def may_be_unread(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a part of the body may not be there yet. A small body is always there."""
    for name, value in headers:
        if name in _LATER or (name == b"content-length" and (len(value), value) > (len(_SMALL), _SMALL)):
            return True
    return False
