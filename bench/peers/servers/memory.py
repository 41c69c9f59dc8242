"""The same bytes from memory, by a bare ASGI application: what HTTP alone takes."""

import os
import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]
ANSWERS: dict[bytes, bytes] = pickle.loads(Path(os.environ["PEER_ANSWERS"]).read_bytes())  # noqa: S301


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        return
    answer = ANSWERS[await body(receive)]
    length = str(len(answer)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    message = await receive()
    read: bytes = message["body"]
    while message.get("more_body"):
        message = await receive()
        read += message["body"]
    return read
