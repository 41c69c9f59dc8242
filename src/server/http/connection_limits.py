"""Who may come in: the connections of one worker, in all and of each network."""

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
_TOLD_SECONDS = 10.0
RETRY_SECONDS = 10


class ConnectionLimits(NamedTuple):
    """Of each connection, but for the first two."""

    connections: int
    connections_per_address: int
    header_bytes: int
    headers: int
    header_seconds: float
    body_seconds: float
    unread_seconds: float


class ConnectionGate:
    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._per_network = ConcurrencyCounter(limits.connections_per_address)
        self._open = 0
        self._refused = 0
        """Of those that are open for a moment, to be told so."""
        self._untold: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}

    @property
    def _spare(self) -> int:
        """So many more come in, and are asked whether they look after the server's health."""
        return max(8, self.limits.connections // 20)

    @property
    def is_crowded(self) -> bool:
        """Whether the last that came in is one of those few."""
        return self._open > self.limits.connections

    def let_in(self, transport: GuardedTransport, address: str | None) -> bool:
        """False where there is no room at all. `address`: None of a proxy, which speaks for many.

        Raises ConnectionRefusal where one network has enough.
        """
        if self._open >= self.limits.connections + self._spare:
            self.tell("the worker has no room for any more")
            return False
        network = None if address is None else network_of(address)
        if network is not None and not self._per_network.takes(network):
            self.tell("their network has enough")
            if self._refused >= self._spare:
                return False
            self._refused += 1
            transport.on_lost = self._let_off
            raise too_many(self.limits.connections_per_address, "connections")
        self._open += 1
        transport.on_lost = partial(self._let_out, network)
        return True

    def _let_out(self, network: str | None) -> None:
        self._open -= 1
        if network is not None:
            self._per_network.give_back(network)

    def _let_off(self) -> None:
        self._refused -= 1

    def full(self) -> ConnectionRefusal:
        self.tell("the worker has enough")
        return ConnectionRefusal(
            503,
            f"{self.limits.connections:,} connections are open, and no more may be. Try again shortly.",
            code=UNAVAILABLE,
            retry_after=RETRY_SECONDS,
        )

    def tell(self, reason: str) -> None:
        """The log, but not once for each."""
        self._untold[reason] += 1
        now = monotonic()
        if now - self._told_at.get(reason, -_TOLD_SECONDS) >= _TOLD_SECONDS:
            self._told_at[reason] = now
            log.warning("Connections were refused, as %s: %s", reason, self._untold.pop(reason))


def too_many(most: int, what: str) -> ConnectionRefusal:
    return ConnectionRefusal(
        429,
        f"At most {most:,} {what} from one address at a time. End another one first.",
        code=THROTTLED,
        retry_after=RETRY_SECONDS,
    )
