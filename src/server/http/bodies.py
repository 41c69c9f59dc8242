"""Bodies of requests, which have a largest size and a longest time."""

from asyncio import timeout
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.errors import Code, RequestRefused

_SMALL = 64 * 1024
"""Bytes that uvicorn reads before the application asks for them."""


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
    try:
        async with timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise RequestRefused(
            f"The body did not come within {seconds:g} seconds.", Code.BAD_REQUEST, 408, connection="close"
        ) from None
    return bytes(body)


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
        if scope["type"] != "http" or not _may_be_unread(Headers(scope=scope)):
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


def _may_be_unread(headers: Headers) -> bool:
    """Whether a part of the body may not be there yet. A small body is always there."""
    return "transfer-encoding" in headers or "expect" in headers or _announced(headers) > _SMALL
