"""The connections that a worker accepts: there is a limit for all of them, and one for each network."""

import logging
from collections import Counter
from functools import partial
from time import monotonic
from typing import NamedTuple

from base.networks import network_of
from server.http.concurrency import ConcurrencyCounter
from server.http.connection_refusal import THROTTLED, UNAVAILABLE, ConnectionRefusal
from server.http.transports import GuardedTransport

log = logging.getLogger("viewgraph")

HEALTH = frozenset({"/livez", "/readyz", "/health"})
_LOG_SECONDS = 10.0
RETRY_SECONDS = 10


class ConnectionLimits(NamedTuple):
    """The first three limit the number of connections. The others limit each connection."""

    connections: int
    connections_per_address: int
    sockets_per_address: int
    """WebSockets."""
    header_bytes: int
    headers: int
    header_seconds: float
    body_seconds: float
    unread_seconds: float

    def too_large(self) -> ConnectionRefusal:
        return ConnectionRefusal(
            431, f"The URL and the headers may have {self.header_bytes:,} bytes. Send less."
        )


class ConnectionGate:
    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._per_network = ConcurrencyCounter(limits.connections_per_address)
        self._sockets_per_network = ConcurrencyCounter(limits.sockets_per_address)
        self._open = 0
        self._refused = 0
        """Connections that are open just long enough to be refused."""
        self._unlogged: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}

    @property
    def _spare(self) -> int:
        """How many connections are accepted beyond the limit, for checks of the server's health."""
        return max(8, self.limits.connections // 20)

    @property
    def is_crowded(self) -> bool:
        """Whether the last connection that was accepted is beyond the limit."""
        return self._open > self.limits.connections

    def let_in(self, transport: GuardedTransport, address: str | None) -> bool:
        """Counts the connection, and returns whether there is room for it. `address` is None for a proxy,
        which speaks for many clients. Raises ConnectionRefusal if one network has enough connections.
        """
        if self._open >= self.limits.connections + self._spare:
            self._log("the worker has no room for any more")
            return False
        network = None if address is None else network_of(address)
        if network is not None and not self._per_network.takes(network):
            self._log("their network has enough")
            if self._refused >= self._spare:
                return False
            self._refused += 1
            transport.on_lost = self._forget_refused
            raise too_many(self.limits.connections_per_address, "connections")
        self._open += 1
        transport.on_lost = partial(self._let_out, network)
        return True

    def let_upgrade(self, transport: GuardedTransport, address: str | None) -> None:
        """Counts the connection as a WebSocket, until it ends. Raises ConnectionRefusal if one network has
        enough of them. This is far quicker than what the application does for a handshake.
        """
        if address is None:
            return
        network, ended = network_of(address), transport.on_lost
        if not self._sockets_per_network.takes(network):
            self._log("their network has enough WebSockets")
            raise too_many(self.limits.sockets_per_address, "WebSockets")

        def lost() -> None:
            self._sockets_per_network.give_back(network)
            ended()

        transport.on_lost = lost

    def _let_out(self, network: str | None) -> None:
        self._open -= 1
        if network is not None:
            self._per_network.give_back(network)

    def _forget_refused(self) -> None:
        self._refused -= 1

    def full(self) -> ConnectionRefusal:
        self._log("the worker has enough")
        return ConnectionRefusal(
            503,
            f"{self.limits.connections:,} connections are open, and no more may be. Try again shortly.",
            code=UNAVAILABLE,
            retry_after=RETRY_SECONDS,
        )

    def _log(self, reason: str) -> None:
        """Logs how many connections were refused, but not each of them."""
        self._unlogged[reason] += 1
        now = monotonic()
        if now - self._logged_at.get(reason, -_LOG_SECONDS) >= _LOG_SECONDS:
            self._logged_at[reason] = now
            log.warning("Connections were refused, as %s: %s", reason, self._unlogged.pop(reason))


def too_many(most: int, what: str) -> ConnectionRefusal:
    return ConnectionRefusal(
        429,
        f"At most {most:,} {what} from one address at a time. End another one first.",
        code=THROTTLED,
        retry_after=RETRY_SECONDS,
    )
