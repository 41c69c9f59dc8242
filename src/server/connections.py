"""Connections as uvicorn has them, and what it takes to be rid of those on which nobody reads."""

import socket
from asyncio import BaseTransport, Transport
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

_UNREAD_SECONDS = 60
_MAX_FRAMES = 1_000
"""Of one message; each takes memory, and an empty one does not make it larger."""


class HttpConnection(HttpToolsProtocol):
    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast("Transport", transport))
        _expect_to_be_read(transport)


class SocketConnection(WebSocketsSansIOProtocol):
    """It was an `HttpConnection` until its handshake."""

    def handle_ping(self) -> None:
        """Whoever sends pings and does not read does not fill the memory with pongs."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < _MAX_FRAMES:
            super().handle_cont(event)
        else:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "Too many frames")
            self.handle_parser_exception()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        if self.transport.get_write_buffer_size():
            # It would wait for that to be read before it closes.
            self.transport.abort()


def _expect_to_be_read(transport: BaseTransport) -> None:
    """Linux ends a connection on which nothing was read, or nobody answered, for so long."""
    own = transport.get_extra_info("socket")
    if hasattr(socket, "TCP_USER_TIMEOUT") and own.family in (socket.AF_INET, socket.AF_INET6):
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_SECONDS * 1000)
