"""A limit on the running requests of one address. Behind a proxy, a limit on connections is not enough,
because they all come from the proxy.
"""

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from base.networks import network_of
from server.http.client_address import client_address
from server.http.concurrency import ConcurrencyCounter
from server.http.connection_limits import HEALTH, too_many


class RequestsPerAddress:
    """Counts all requests except health checks and WebSockets, which have a limit of their own."""

    def __init__(self, app: ASGIApp, *, running: ConcurrencyCounter) -> None:
        """`running`: how many run, by their networks. All ways to the server count together."""
        self._app = app
        self._running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return
        network = network_of(client_address(scope))
        if not self._running.takes(network):
            refusal = too_many(self._running.most, "requests")
            await Response(refusal.body, refusal.status, refusal.headers)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._running.give_back(network)
