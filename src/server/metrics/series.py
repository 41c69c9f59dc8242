"""The metrics, by their names. Every name begins with `viewgraph_`."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from server.http.request_tallies import BOUNDS


class AddedHistogram(Histogram):
    """A histogram to which many observations are added at once."""

    def add(self, counts: Sequence[int], seconds: float) -> None:
        """`counts`: how many there were in each bucket. `seconds`: their sum."""
        self._sum.inc(seconds)
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)


class Series:
    """Of one process. Prometheus gets the sums of all processes, or the greatest where a name says so."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.requests = self._counter(
            "requests",
            "Requests that were answered, by the code of their first error.",
            "door operation code",
        )
        self.seconds = AddedHistogram(
            "viewgraph_request_duration_seconds",
            "How long requests took. Subscriptions are left out.",
            ["door", "operation"],
            buckets=BOUNDS,
            registry=registry,
        )
        self.cost = self._counter("request_cost", "The cost of the operations.", "door operation")
        self.statements = self._counter(
            "request_statements", "Statements that requests ran in the database.", "door operation"
        )
        self.cache = self._counter(
            "cache_lookups", "Lookups of kept answers, and of kept figures.", "cache result"
        )
        self.events = self._counter(
            "events", "Events that came in, by what became of them, and why.", "door fate reason"
        )
        self.batches = self._counter("batches", "Batches of events, which share a transaction.", "result")
        self.batch_events = self._counter("batch_events", "Events in the batches that were written.")
        self.batch_seconds = self._counter("batch_seconds", "How long the written batches took together.")
        self.waiting_events = self._gauge("waiting_events", "Events that wait to be written.")
        self.oldest_event = self._gauge(
            "oldest_waiting_event_seconds",
            "How long the event has waited that waits longest; 0 if none does.",
            is_sum=False,
        )
        self.loop_lag = self._gauge(
            "loop_lag_seconds",
            "How late the event loop was at most in the last second, in the worst process.",
            is_sum=False,
        )
        self.subscriptions = self._gauge("subscriptions", "Subscriptions that run.")
        self.database = self._gauge(
            "database_uses",
            "Statements that read, statements that wait to read, and units of work that write.",
            "use",
        )
        self.most_reading = self._gauge(
            "database_reading_limit", "How many statements may read at a time, in all processes together."
        )
        self.processes = self._gauge("processes", "Processes that serve.")

    def _counter(self, name: str, documentation: str, labels: str = "") -> Counter:
        return Counter(f"viewgraph_{name}", documentation, labels.split(), registry=self._registry)

    def _gauge(self, name: str, documentation: str, labels: str = "", *, is_sum: bool = True) -> Gauge:
        return Gauge(
            f"viewgraph_{name}",
            documentation,
            labels.split(),
            registry=self._registry,
            multiprocess_mode="livesum" if is_sum else "livemax",
        )
