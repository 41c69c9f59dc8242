"""Events that wait in the buffer for their results."""

from asyncio import Future, get_running_loop
from collections.abc import Sequence
from typing import Any

from base.errors import Conflict, Unavailable
from ingest.batch_writer import StoreResult
from ingest.event_columns import EventColumns


class Call:
    __slots__ = ("deadline", "done", "events", "is_divisible", "places", "refreshed", "requests", "results")

    def __init__(
        self, events: EventColumns, refreshed: frozenset[int], deadline: float, requests: int | None
    ) -> None:
        """`requests`: how many requests they are of, if each request can be answered without the others."""
        self.events = events
        """The events whose result is not known yet."""
        self.refreshed = refreshed
        """The ids of publications whose makers have to see this at once."""
        self.deadline = deadline
        self.requests = requests or 1
        self.is_divisible = requests is not None
        self.done: Future[Any] = get_running_loop().create_future()
        self.results: list[StoreResult | None] = [None] * events.size
        self.places: Sequence[int] = range(events.size)
        """The places of `events` among all events of the call."""

    def take_results(self, results: list[StoreResult | None]) -> bool:
        """Takes the results of its events. If all are known now, it answers the call and returns True."""
        if len(results) == len(self.results):
            self.results = results
        else:
            for place, result in zip(self.places, results, strict=True):
                self.results[place] = result
        if None not in results or self.is_divisible:
            if not self.done.done():
                self.done.set_result(self.results)
            return True
        left = [place for place, result in enumerate(results) if result is None]
        self.events = self.events.at(left)
        self.places = [self.places[place] for place in left]
        return False

    def part(self, start: int, stop: int) -> "Call":
        """A call of one of its requests, whose events stand there, with the results that are known by now."""
        results = self.results[start:stop]
        left = [place for place, result in enumerate(results) if result is None]
        events = self.events.between(start, stop).at(left)
        part = Call(events, self.refreshed.intersection(events.subject_ids), self.deadline, None)
        part.results, part.places = results, left
        return part

    def fail(self, error: Conflict | Unavailable) -> None:
        if not self.done.done():
            self.done.set_exception(error)
