"""The metrics of a server: what is counted, and the doors by which it is read."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import ExitStack, asynccontextmanager
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute, Route

from resolvers.context import Services
from server.http.request_tallies import RequestTallies
from server.metrics.door import MetricsDoor
from server.metrics.exposition import port_of_its_own, readable
from server.metrics.folder import is_shared
from server.metrics.publisher import Publisher

PATH = "/metrics"


class Doors(NamedTuple):
    """By which the metrics are read."""

    token: str | None
    """Of the path; None if there is no such path."""
    host: str
    port: int | None
    """None if there is no port of its own."""


class Metrics:
    def __init__(
        self, services: Services, doors: Doors, known: Collection[str], subscriptions: Callable[[], int]
    ) -> None:
        """`known`: names of operations that are always told apart. `subscriptions`: how many run."""
        self.tallies = RequestTallies(known)
        self._doors = doors
        self._registry = CollectorRegistry()
        self._publisher = Publisher(services, self.tallies, subscriptions, self._registry)

    def routes(self) -> list[BaseRoute]:
        if self._doors.token is None:
            return []
        door = MetricsDoor(lambda: readable(self._registry), self._publisher.publish, self._doors.token)
        return [Route(PATH, door.respond)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        _, host, port = self._doors
        with ExitStack() as stack:
            # Of several processes, the one that starts the others has the port.
            if port is not None and not is_shared():
                stack.enter_context(port_of_its_own(host, port, self._registry))
            async with self._publisher.running():
                yield
