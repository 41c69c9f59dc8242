"""Requests that report few events. They wait until the next batch is taken, and are judged together then."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from ingest.buffer import Buffer

R = TypeVar("R")

_MOST_TOGETHER = 50
"""Requests that wait. To judge so many single events takes half a millisecond, and some if all are odd."""
MOST_WEIGHT = 500
"""To judge so many events takes a millisecond, and five if each fifth has another domain that is new."""
_WEIGHT_OF_DOMAIN = 5
_MOST_SECONDS = 0.02
"""How long a request waits at most until it is judged. A batch may take longer."""


class WithDomain(Protocol):
    @property
    def domain(self) -> str | None:
        """As it was sent."""


def weight_of(events: Sequence[WithDomain]) -> int:
    """As how many events they count when it is said how many are judged together."""
    return max(len(events), _WEIGHT_OF_DOMAIN * len({event.domain for event in events}))


class GatheredRequests(Generic[R]):
    def __init__(
        self, buffer: Buffer, judge: Callable[[list[R]], bool], decline: Callable[[R], None]
    ) -> None:
        """`judge`: offers the events of requests, and returns whether they could be judged together."""
        self._buffer = buffer
        self._judge = judge
        self._decline = decline
        self._waiting: list[R] = []
        self._weight = 0
        self._timer: TimerHandle | None = None

    def add(self, request: R, weight: int) -> None:
        """`weight`: of its events."""
        if self._weight + weight > MOST_WEIGHT:
            self._judge_all()
        self._waiting.append(request)
        self._buffer.note_request()
        self._weight += weight
        if len(self._waiting) >= _MOST_TOGETHER or self._weight >= MOST_WEIGHT:
            self._judge_all()
        elif self._timer is None:
            self._timer = get_running_loop().call_later(_MOST_SECONDS, self._judge_all)
            self._buffer.before_next_batch(self._judge_all)

    def _judge_all(self) -> None:
        requests, self._waiting, self._weight = self._waiting, [], 0
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if requests:
            self._judge_some(requests)

    def _judge_some(self, requests: list[R]) -> None:
        """What cannot be judged together is judged by halves, until whatever is odd is alone."""
        if self._judge(requests):
            return
        if len(requests) == 1:
            self._decline(requests[0])
            return
        middle = len(requests) // 2
        self._judge_some(requests[:middle])
        self._judge_some(requests[middle:])
