"""GraphQL over WebSocket: this endpoint accepts or refuses connections."""

from collections.abc import Collection
from typing import NamedTuple

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from base.errors import Unavailable
from base.networks import network_of
from base.pacer import Pacer
from server.graphql.websocket_messages import PROTOCOL
from server.graphql.websocket_operation import OperationServices
from server.graphql.websocket_session import SessionLimits, WebSocketSession
from server.http.client_address import client_address
from server.http.concurrency import ConcurrencyCounter
from server.http.connection_limits import too_many
from server.http.errors import plain

_COST = 25
"""The cost of opening a connection, for the caller's share of a busy worker."""
_APART_SECONDS = 0.005
"""Those of one network are opened so far apart: to open one and to begin a subscription takes a millisecond
or two, and requests of others should not wait for several of these.
"""


class WebSocketLimits(NamedTuple):
    open: int
    """How many may be open at a time."""
    open_per_address: int


class WebSocketEndpoint:
    def __init__(
        self,
        shared: OperationServices,
        *,
        origins: Collection[str],
        limits: WebSocketLimits,
        session_limits: SessionLimits,
    ) -> None:
        """`origins`: sites whose pages may connect, beside this server's own; `*` for all."""
        self._shared = shared
        self._origins = origins
        self._most = limits.open
        self._open = 0
        self._per_network = ConcurrencyCounter(limits.open_per_address)
        self._session_limits = session_limits
        self._pacer = Pacer(_APART_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.receive()
        if not self._may_connect(socket):
            await socket.close()
            return
        if self._open >= self._most:
            await socket.send_denial_response(_full(self._most))
            return
        network = network_of(client_address(scope))
        if not self._per_network.takes(network):
            refusal = too_many(self._per_network.most, "WebSockets")
            await socket.send_denial_response(Response(refusal.body, refusal.status, refusal.headers))
            return
        self._open += 1
        try:
            queue = self._shared.services.fair_queue
            queue.charge(network, _COST)
            await queue.wait(network)
            await self._pacer.turn(network)
            await self._serve(socket)
        finally:
            self._open -= 1
            self._per_network.give_back(network)

    async def _serve(self, socket: WebSocket) -> None:
        if PROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            await socket.close(4406, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        await WebSocketSession(socket, self._shared, self._session_limits).serve()

    def _may_connect(self, socket: WebSocket) -> bool:
        """Whether this page may connect. A browser names the page's origin, and lets the server decide."""
        origin = socket.headers.get("origin")
        if origin is None or "*" in self._origins or origin in self._origins:
            return True
        # The origin need not be parsed: an invalid one equals no host.
        return origin.partition("://")[2] == socket.headers.get("host")


def _full(most: int) -> Response:
    status, body, headers = plain(Unavailable(f"{most:,} WebSockets are open, and no more may be."))
    return JSONResponse(body, status, headers)
