"""uvicorn's WebSocket, with limits: for the size and time of messages, and for the answers that a client does
not read.
"""

from asyncio import BaseTransport
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from base.networks import plain_address
from server.http.guarded_config import GuardedConfig
from server.http.guarded_connection import GuardedConnection
from server.http.transports import GuardedTransport

_MAX_FRAMES = 1_000
"""Frames of one message. Each takes memory, and empty ones do not make the message larger."""
_MAX_MESSAGES = 1_000
"""Messages that came at once and wait for their turn."""


class WebSocketConnection(GuardedConnection, WebSocketsSansIOProtocol):
    """A connection that was an `HttpConnection` until the handshake."""

    transport: GuardedTransport
    config: GuardedConfig

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        if self.client:
            self.client = plain_address(self.client[0]), self.client[1]
        self.transport.may_hear_more = lambda: self.close_sent and self.conn.close_rcvd is None

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport.lost()
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # The answer is ready, but nothing else would send it.
            self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # A refused handshake is complete, but uvicorn would think that the application forgot it.
            self.handshake_complete = True

    async def receive(self) -> Any:
        """Takes no message from the client while the client does not read."""
        await self.writable.wait()
        return await super().receive()

    def handle_ping(self) -> None:
        """Drops the pong for a client that sends pings and does not read: it must not fill the memory."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_text(self, event: Frame) -> None:
        self._expect_whole(event)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        self._expect_whole(event)
        super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < _MAX_FRAMES:
            super().handle_cont(event)
        else:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "Too many frames")

    def send_receive_event_to_app(self) -> None:
        self._stop_waiting()
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            # uvicorn would log it as a bug.
            self._fail(CloseCode.INVALID_DATA, "Invalid UTF-8")
        elif self.queue.qsize() < _MAX_MESSAGES:
            super().send_receive_event_to_app()
        elif not self.close_sent:
            self._fail(CloseCode.POLICY_VIOLATION, "Too many messages at once")

    def _expect_whole(self, event: Frame) -> None:
        if not event.fin:
            self._timer = self.loop.call_later(self.config.gate.limits.body_seconds, self._miss_rest)

    def _miss_rest(self) -> None:
        self._timer = None
        if not self.close_sent and not self.transport.is_closing():
            self._fail(CloseCode.POLICY_VIOLATION, "The message did not come in time")

    def _fail(self, code: CloseCode, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        if self.transport.get_write_buffer_size():
            # Otherwise it would wait until the client has read that.
            self.transport.abort()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
