"""Sends messages over a WebSocket, by the subprotocol graphql-transport-ws."""

from asyncio import Lock
from typing import Any

import msgspec
import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from base.errors import Throttled
from server.graphql.answers import Answer


class WebSocketWriter:
    """Every method that sends waits while the client does not read. It raises WebSocketDisconnect if the
    client is gone.
    """

    def __init__(self, socket: WebSocket, *, max_unread_bytes: int) -> None:
        self._socket = socket
        self._max_unread_bytes = max_unread_bytes
        self._unread_bytes = 0
        self._sending = Lock()

    def require_room(self, answer: Answer) -> None:
        """Raises THROTTLED if too many bytes wait until the client reads them."""
        if self._unread_bytes and self._unread_bytes + len(answer.json) > self._max_unread_bytes:
            raise Throttled(
                f"At most {self._max_unread_bytes:,} bytes of answers wait to be read. Read them first, or "
                "ask for less at a time.",
                retry_after=1,
            )

    async def acknowledge(self) -> None:
        await self._send({"type": "connection_ack"})

    async def pong(self, payload: dict[str, Any] | None) -> None:
        message = {"type": "pong", **({"payload": payload} if payload else {})}
        # msgspec can encode everything that it decoded, such as numbers of any length.
        await self._send_json(msgspec.json.encode(message))

    async def next(self, id: str, answer: Answer) -> None:
        await self._send_json(
            b'{"id":' + orjson.dumps(id) + b',"type":"next","payload":' + answer.json + b"}"
        )

    async def error(self, id: str, errors: list[Any]) -> None:
        await self._send({"id": id, "type": "error", "payload": errors})

    async def complete(self, id: str) -> None:
        await self._send({"id": id, "type": "complete"})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_json(orjson.dumps(message))

    async def _send_json(self, json: bytes) -> None:
        """Sends one message at a time, and counts its bytes as unread until then."""
        self._unread_bytes += len(json)
        try:
            async with self._sending:
                await self._socket.send({"type": "websocket.send", "text": json.decode()})
        except RuntimeError:
            # The server has given up the connection, but the disconnect has not arrived here yet.
            raise WebSocketDisconnect from None
        finally:
            self._unread_bytes -= len(json)
