"""Transports that end even if the client goes on sending, or does not read."""

import socket
from asyncio import AbstractEventLoop, BaseProtocol, TimerHandle, Transport
from collections.abc import Callable
from typing import Any

_LINGER_SECONDS = 2.0
"""How long the client may go on sending after the end, so that it can read the last answer."""
_LEAST = 256 * 1024
"""Bytes that a slow client must read between two checks."""


class GuardedTransport(Transport):
    """A client that does not read loses the connection after a while, with all that waits for it. If a client
    still sends when the connection ends, the server goes on reading for a moment. Otherwise the system would
    tell the client that the connection broke, and it would not see the last answer.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop, *, unread_seconds: float) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._unread_seconds = unread_seconds
        self._is_ending = False
        self._watch: TimerHandle | None = None
        self._end: TimerHandle | None = None
        self._size = 0
        self.may_hear_more: Callable[[], bool] = lambda: False
        """Whether the client may still be sending bytes that nobody will read."""
        self.on_lost: Callable[[], None] = lambda: None
        _expect_to_be_read(transport, unread_seconds)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_ending:
            self._transport.write(data)

    def close(self) -> None:
        if self._is_ending:
            return
        self._is_ending = True
        if self.may_hear_more() and self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
            self._transport.resume_reading()
            self._end = self._loop.call_later(_LINGER_SECONDS, self._end_lingering)
        else:
            self._transport.close()
            self._end = self._loop.call_later(self._unread_seconds, self._transport.abort)

    def _end_lingering(self) -> None:
        if self._transport.get_write_buffer_size():
            self._end = self._loop.call_later(self._unread_seconds, self._transport.abort)
        else:
            self._transport.abort()

    def abort(self) -> None:
        self._is_ending = True
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._is_ending or self._transport.is_closing()

    def stuck(self) -> None:
        """More waits to be read than the buffer may hold."""
        if self._watch is None:
            self._size = self.get_write_buffer_size()
            self._watch = self._loop.call_later(self._unread_seconds, self._look)

    def moving(self) -> None:
        if self._watch:
            self._watch.cancel()
            self._watch = None

    def _look(self) -> None:
        before, self._size = self._size, self.get_write_buffer_size()
        if self._size > before - _LEAST:
            self._watch = None
            self.abort()
        else:
            self._watch = self._loop.call_later(self._unread_seconds, self._look)

    def lost(self) -> None:
        self._is_ending = True
        self.moving()
        if self._end:
            self._end.cancel()
        self.on_lost()
        self.on_lost = lambda: None

    # Everything else is passed on.

    def write_eof(self) -> None:
        self._transport.write_eof()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def pause_reading(self) -> None:
        if not self.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self.is_closing():
            self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> BaseProtocol:
        return self._transport.get_protocol()


def _expect_to_be_read(transport: Transport, seconds: float) -> None:
    """Has Linux end a connection whose client does not read, or does not answer, for so long."""
    own = transport.get_extra_info("socket")
    if hasattr(socket, "TCP_USER_TIMEOUT") and own.family in (socket.AF_INET, socket.AF_INET6):
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
