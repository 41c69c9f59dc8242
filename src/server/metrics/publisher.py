"""Publishes what a process has counted. The work is done once a second, and not for each request."""

from asyncio import CancelledError, create_task, get_running_loop, sleep
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from resolvers.context import Services
from server.http.request_tallies import RequestTallies, Sort, Tally
from server.metrics.series import Series

_SECONDS = 1.0
_TICKS = 10
"""How often the event loop is asked in that time whether it is late."""


class Publisher:
    def __init__(
        self,
        services: Services,
        tallies: RequestTallies,
        subscriptions: Callable[[], int],
        registry: CollectorRegistry,
    ) -> None:
        self._services = services
        self._tallies = tallies
        self._subscriptions = subscriptions
        self._series = Series(registry)
        self._published: dict[Any, float] = {}
        """By the counter and its labels."""
        self._shown: dict[Sort, Tally] = {}
        """The tallies as they were published."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publishes until the block ends, and once more then."""
        self.publish(0.0)
        task = create_task(self._repeat())
        try:
            yield
        finally:
            task.cancel()
            with suppress(CancelledError):
                await task
            self.publish(0.0)

    def publish(self, loop_lag: float | None = None) -> None:
        """`loop_lag`: in seconds; None if it was not measured."""
        self._requests()
        self._caches()
        self._events()
        series, connections = self._series, self._services.database.connections()
        series.subscriptions.set(self._subscriptions())
        series.database.labels("reading").set(connections.reading)
        series.database.labels("waiting to read").set(connections.waiting_to_read)
        series.database.labels("writing").set(connections.writing)
        series.most_reading.set(connections.most_reading)
        series.processes.set(1)
        if loop_lag is not None:
            series.loop_lag.set(loop_lag)

    async def _repeat(self) -> None:
        while True:
            self.publish(await self._loop_lag())

    async def _loop_lag(self) -> float:
        """How late the event loop was at most, in seconds, while so much time passed."""
        time, lags = get_running_loop().time, []
        for _ in range(_TICKS):
            due = time() + _SECONDS / _TICKS
            await sleep(_SECONDS / _TICKS)
            lags.append(time() - due)
        return max(0.0, *lags)

    def _requests(self) -> None:
        for sort, tally in self._tallies.tallies.items():
            shown = self._shown.setdefault(sort, Tally())
            if tally.requests == shown.requests:
                continue
            series, operation = self._series, (sort.door, sort.operation)
            series.requests.labels(*sort).inc(tally.requests - shown.requests)
            series.cost.labels(*operation).inc(tally.cost - shown.cost)
            series.statements.labels(*operation).inc(tally.statements - shown.statements)
            counts = [now - before for now, before in zip(tally.buckets, shown.buckets, strict=True)]
            series.seconds.labels(*operation).add(counts, tally.seconds - shown.seconds)
            self._shown[sort] = tally.copy()

    def _caches(self) -> None:
        tallies, figures, cache = self._tallies, self._services.figure_cache, self._series.cache
        self._raise(cache, tallies.kept_hits, "answers", "hit")
        self._raise(cache, tallies.kept_misses, "answers", "miss")
        self._raise(cache, figures.hits, "figures", "hit")
        self._raise(cache, figures.misses, "figures", "miss")

    def _events(self) -> None:
        series, buffer = self._series, self._services.buffer
        for fate, count in buffer.fates.counts.items():
            self._raise(series.events, count, fate.door, fate.status.lower(), fate.reason)
        batches = buffer.batches
        self._raise(series.batches, batches.written, "written")
        self._raise(series.batches, batches.failed, "failed")
        self._raise(series.batch_events, batches.events)
        self._raise(series.batch_seconds, batches.seconds)
        series.waiting_events.set(buffer.waiting)
        series.oldest_event.set(buffer.oldest_seconds())

    def _raise(self, counter: Counter, total: float, *labels: str) -> None:
        """Raises the counter by as much as the total has grown."""
        before = self._published.get((counter, labels), 0.0)
        (counter.labels(*labels) if labels else counter).inc(total - before)
        self._published[counter, labels] = total
