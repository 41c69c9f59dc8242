"""uvicorn's HTTP connection, with limits: for the number of connections, for the size and time of requests,
and for the answers that a client does not read.
"""

from asyncio import AbstractEventLoop, BaseTransport, Transport
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.server import ServerState

from base.networks import plain_address
from server.http import access_log
from server.http.at_once import AnsweringAtOnce
from server.http.connection_limits import HEALTH
from server.http.connection_refusal import ConnectionRefusal
from server.http.flow import Flow
from server.http.guarded_config import GuardedConfig
from server.http.guarded_connection import GuardedConnection
from server.http.transports import GuardedTransport
from server.http.upgrades import require_no_body, without_upgrade

_MAX_PIPELINED = 20
"""Requests that may wait for the answer to another one. Then the connection reads no more."""
_PIECE = 16 * 1024
"""Bytes to parse at a time: a short request takes a hundred times its size once it is parsed."""
_CROWDED_SECONDS = 2.0
"""Seconds that headers may take when the worker has no room."""


class HttpConnection(GuardedConnection, AnsweringAtOnce):
    """Refuses an invalid request, and then ends the connection. It still answers the requests before it."""

    transport: GuardedTransport
    config: GuardedConfig

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, GuardedConfig)
        self._gate = config.gate
        self._limits = config.gate.limits
        self._is_crowded = False
        self._is_deaf = False
        """Whether the connection ends with the last answer, and nothing more is read."""
        self._is_between = True
        """Whether the next bytes are headers: those of a new request, or the rest of them."""
        self._has_begun = False
        self._is_passed_over = False
        """Whether this request will be parsed again, without the upgrade that it suggests."""
        self._incomplete = 0
        """Parsed bytes that are not yet a whole header or a piece of a body."""
        self._header_bytes = 0
        self._unfed = b""
        """Received bytes that are not parsed yet."""

    # The connection

    def connection_made(self, transport: BaseTransport) -> None:
        guarded = GuardedTransport(
            cast("Transport", transport), self.loop, unread_seconds=self._limits.unread_seconds
        )
        super().connection_made(guarded)
        self.flow = Flow(guarded, self._has_enough)
        guarded.may_hear_more = lambda: self._is_deaf or not self._is_between
        if self.client:
            self.client = plain_address(self.client[0]), self.client[1]
        try:
            has_room = self._gate.let_in(guarded, self._address())
        except ConnectionRefusal as refusal:
            self._refuse(refusal)
            return
        if not has_room:
            guarded.abort()
            return
        self._is_crowded = self._gate.is_crowded
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport.lost()
        self._stop_waiting()
        super().connection_lost(exc)
        # uvicorn leaves its timer running when the connection breaks.
        self._unset_keepalive_if_required()

    def _address(self) -> str | None:
        """None for a proxy, which speaks for many clients."""
        address = self.client[0] if self.client else ""
        return None if self.config.is_proxy(address) else address

    # What comes

    def data_received(self, data: bytes) -> None:
        if self._is_deaf or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        self._unfed += data
        self._feed()

    def _has_enough(self) -> bool:
        return len(self.pipeline) >= _MAX_PIPELINED

    def _feed(self) -> None:
        while self._unfed and not self._has_enough():
            piece, self._unfed = self._unfed[:_PIECE], self._unfed[_PIECE:]
            self._look_at(piece)

    def _look_at(self, piece: bytes) -> None:
        self._incomplete += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            reason = error.__context__
            self._refuse(reason if isinstance(reason, ConnectionRefusal) else _no_http())
        else:
            self._look_at_rest()

    def _look_at_rest(self) -> None:
        if self._incomplete > self._limits.header_bytes:
            self._refuse(self._limits.too_large())
        elif self._is_between and (self._has_begun or self._incomplete):
            self._expect_headers()

    def _upgrade(self, rest: bytes) -> None:
        if self._should_upgrade():
            # The client has to wait for the answer before it sends more.
            self._unfed = b""
            self.handle_websocket_upgrade()
            return
        # httptools has skipped the body, as if it belonged to the other protocol.
        self._is_passed_over = False
        again = without_upgrade(
            self._method(), self.url, self.parser.get_http_version().encode(), self.headers
        )
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._unfed = again + rest + self._unfed

    def _should_upgrade(self) -> bool:
        """Whether it is a WebSocket. A server may ignore all other upgrades."""
        return bool(
            self.scope.get("method", "GET") == "GET"
            and self.parser.get_http_version() == "1.1"
            and super()._should_upgrade()
        )

    def _method(self) -> bytes:
        return self.parser.get_method()

    # As httptools finds it

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._incomplete = self._header_bytes = 0
        self._has_begun = True

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._incomplete = 0
        self._header_bytes += len(url)
        if self._header_bytes > self._limits.header_bytes:
            raise self._limits.too_large()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_between:
            super().on_header(name, value)
        # Trailers after a body are dropped, but have the same limit.
        self._incomplete = 0
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self._limits.header_bytes:
            raise self._limits.too_large()
        if len(self.headers) > self._limits.headers:
            raise ConnectionRefusal(431, f"At most {self._limits.headers:,} headers. Send fewer.")

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._require_good_headers()
        self._is_between = self._has_begun = False
        if self._is_crowded and self.url.partition(b"?")[0].decode("latin-1") not in HEALTH:
            raise self._gate.full()
        self.scope["method"] = self._method().decode()
        if self.parser.should_upgrade():
            if not self._should_upgrade():
                self._is_passed_over = True
                return
            self._require_good_handshake()
            super().on_headers_complete()
            return
        super().on_headers_complete()
        if access_log.has_line_of_door(self.scope["method"], self.scope["path"]):
            # To make the line and drop it took a fifth of the time of a short answer.
            self.cycle.access_log = False
        if self._is_crowded:
            self.cycle.keep_alive = False

    def _require_good_headers(self) -> None:
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            raise ConnectionRefusal(400, "Send the header Host, and once.")
        if self._method() == b"CONNECT":
            raise ConnectionRefusal(405, "This is no proxy.")

    def _require_good_handshake(self) -> None:
        require_no_body(self.headers)
        if self._is_answering():
            raise ConnectionRefusal(400, "Open a WebSocket on a connection on which nothing else is asked.")
        self._gate.let_upgrade(self.transport, self._address())

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def on_body(self, body: bytes) -> None:
        self._incomplete = 0
        super().on_body(body)

    def on_chunk_header(self) -> None:
        self._incomplete = 0

    def on_message_complete(self) -> None:
        self._incomplete = 0
        self._is_between = True
        if not self._is_passed_over:
            super().on_message_complete()

    # What is answered

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._unfed:
            self._feed()
        if self.flow.read_paused and not self.pipeline:
            self.flow.resume_reading()
        if not self._is_between and not self.pipeline and not self.transport.is_closing():
            # The rest of the body may be endless, and nobody reads it.
            self._expect_headers()

    def _refuse(self, refusal: ConnectionRefusal) -> None:
        """Sends the refusal and ends the connection. If earlier requests still wait for answers, it sends
        only those answers.
        """
        self._is_deaf = True
        self._unfed = b""
        self._stop_waiting()
        cycle, is_answering = self.cycle, self._is_answering()
        if is_answering and self._is_between:
            cycle.keep_alive = False
            return
        if is_answering:
            # The body will never be complete.
            cycle.disconnected = True
            cycle.message_event.set()
        if not is_answering or not (self.pipeline or cycle.response_started):
            self.transport.write(refusal.as_sent(self.server_state.default_headers))
            self._log(refusal)
        self.transport.close()

    def _log(self, refusal: ConnectionRefusal) -> None:
        if self.access_log:
            client = self.client[0] if self.client else ""
            self.access_logger.info('%s - "refused" %d', client, refusal.status)

    # How long it takes

    def _expect_headers(self) -> None:
        if self._timer is None:
            seconds = _CROWDED_SECONDS if self._is_crowded else self._limits.header_seconds
            self._timer = self.loop.call_later(min(seconds, self._limits.header_seconds), self._miss_headers)

    def _miss_headers(self) -> None:
        self._timer = None
        if self._is_answering():
            # The client need not send the next request before it has this answer.
            self._expect_headers()
        elif self._is_between and (self._has_begun or self._incomplete):
            self._refuse(
                ConnectionRefusal(
                    408, f"The headers did not come within {self._limits.header_seconds:g} seconds."
                )
            )
        else:
            self.transport.close()


def _no_http() -> ConnectionRefusal:
    return ConnectionRefusal(400, "This is no HTTP request that can be read.")
