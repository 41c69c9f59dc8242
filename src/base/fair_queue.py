"""A fair queue of requests: each caller has a few at a time, and no more than a fair share of a busy worker.

Further requests of a caller wait, and requests of other callers run in between.
"""

from asyncio import Semaphore, sleep
from collections.abc import Callable, Hashable
from time import monotonic, process_time

from base.token_buckets import Rate, TokenBuckets

_SHARE = Rate(2_500, 1)
"""In units of cost: a unit takes some 40 to 100 us, so this is between a tenth and a quarter of a worker."""
_BURST_SECONDS = 0.4
"""How much of a share may be used ahead of time."""
_LONGEST_WAIT_SECONDS = 2.0
"""Nobody waits longer, even after using very much: rate limits are for that."""
_LOOK_SECONDS = 0.05
_COMPANY_SECONDS = 0.2
"""For so long after its last request, a caller counts as present."""
_BUSY = 0.2
"""A worker is busy if it uses more than so many seconds of CPU in a second."""


class _CallersQueue:
    def __init__(self, most: int) -> None:
        self.slots = Semaphore(most)
        self.one_at_a_time = Semaphore(1)
        """For a caller who has used more than the share."""
        self.users = 0
        """How many requests are in the queue, including those that wait."""


class Load:
    """How busy this process is, by its CPU time."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, cpu: Callable[[], float] = process_time
    ) -> None:
        self._clock = clock
        self._cpu = cpu
        self._looked = clock(), cpu()
        self._is_busy = False

    def is_busy(self) -> bool:
        """Whether the process was busy, on average between the last two looks. They are at least 0.05 s
        apart.
        """
        began, spent = self._looked
        now = self._clock()
        if now - began >= _LOOK_SECONDS:
            cpu = self._cpu()
            self._is_busy = cpu - spent > _BUSY * (now - began)
            self._looked = now, cpu
        return self._is_busy


class FairQueue:
    """A worker does one thing at a time. Without this queue, a caller with a hundred requests at once would
    get a hundred turns for each turn of another caller, and a caller with costly requests would get nearly
    all of the time.
    """

    def __init__(
        self, most: int, load: Load | None = None, *, clock: Callable[[], float] = monotonic
    ) -> None:
        """`most`: how many slots a caller has."""
        self._most = most
        self._load = load or Load()
        self._clock = clock
        self._queues: dict[Hashable, _CallersQueue] = {}
        self._used: TokenBuckets[Hashable] = TokenBuckets(_SHARE)
        self._last: tuple[Hashable, float] = None, -_COMPANY_SECONDS
        self._other = -_COMPANY_SECONDS
        """When a caller other than the last one sent a request."""

    def slot(self, caller: Hashable) -> "_Slot":
        """Waits for one of the caller's slots, and holds it until the block ends."""
        return _Slot(self, caller)

    async def take(self, caller: Hashable) -> bool:
        """Takes one of the caller's slots. Returns whether it is the only one that the caller may use now."""
        self._note(caller)
        queue = self._queues.get(caller)
        if queue is None:
            queue = self._queues[caller] = _CallersQueue(self._most)
        queue.users += 1
        try:
            await queue.slots.acquire()
        except BaseException:
            self._leave(caller, queue)
            raise
        if not self._seconds_to_wait(caller, self._clock()):
            return False
        try:
            await queue.one_at_a_time.acquire()
        except BaseException:
            self.give_back(caller, is_only_one=False)
            raise
        try:
            await self._wait_for_share(caller)
        except BaseException:
            self.give_back(caller, is_only_one=True)
            raise
        return True

    def give_back(self, caller: Hashable, *, is_only_one: bool) -> None:
        queue = self._queues[caller]
        if is_only_one:
            queue.one_at_a_time.release()
        queue.slots.release()
        self._leave(caller, queue)

    def _leave(self, caller: Hashable, queue: _CallersQueue) -> None:
        queue.users -= 1
        if not queue.users:
            del self._queues[caller]

    async def wait(self, caller: Hashable) -> None:
        """Waits for a slot, and gives it back at once."""
        async with self.slot(caller):
            pass

    def has_to_wait(self, caller: Hashable) -> bool:
        """Whether the caller has used more than the share of a busy worker. The request counts as one of the
        caller's.
        """
        now = self._note(caller)
        return self._seconds_to_wait(caller, now) > 0

    def charge(self, caller: Hashable, cost: int) -> None:
        """Takes the cost from the caller's share."""
        now = self._clock()
        room = (_LONGEST_WAIT_SECONDS - self._used.full_in(caller, now)) * _SHARE.per_second
        self._used.charge(caller, min(cost, max(0.0, room)), now)

    async def _wait_for_share(self, caller: Hashable) -> None:
        """Waits until the caller is within the share, or until nobody else is there any more."""
        wait = self._seconds_to_wait(caller, self._clock())
        while wait:
            await sleep(min(wait, _LOOK_SECONDS))
            wait = self._seconds_to_wait(caller, self._clock())

    def _seconds_to_wait(self, caller: Hashable, now: float) -> float:
        """Seconds until the caller is within the share; 0.0 if the worker is not busy or nobody else is
        there.
        """
        ahead = self._used.full_in(caller, now)
        if ahead <= _BURST_SECONDS or not self._has_others(caller, now) or not self._load.is_busy():
            return 0.0
        return ahead - _BURST_SECONDS

    def _note(self, caller: Hashable) -> float:
        """Returns what time it is."""
        last, at = self._last
        if caller != last:
            self._other = at
        now = self._clock()
        self._last = caller, now
        return now

    def _has_others(self, caller: Hashable, now: float) -> bool:
        last, at = self._last
        return now - (self._other if caller == last else at) < _COMPANY_SECONDS

    def __len__(self) -> int:
        return len(self._queues)


class _Slot:
    """A context manager. Written as a generator, it would take twice as long as what it does."""

    __slots__ = ("_caller", "_is_only_one", "_queue")

    def __init__(self, queue: FairQueue, caller: Hashable) -> None:
        self._queue = queue
        self._caller = caller

    async def __aenter__(self) -> None:
        self._is_only_one = await self._queue.take(self._caller)

    async def __aexit__(self, *_: object) -> None:
        self._queue.give_back(self._caller, is_only_one=self._is_only_one)
