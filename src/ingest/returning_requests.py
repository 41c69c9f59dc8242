"""The wait for those whom the last batch answered, because most of them ask again at once.

Together they share the next transaction. Where others come instead, nobody waits for long: after a wait in
vain, more and more batches wait only briefly.
"""

from asyncio import Event, get_running_loop, timeout_at

_FEW = 4
"""Requests in a batch. Nobody waits for so many."""
_SHARE = 0.5
"""Of the time that the last batch took: at most so long after it, others are waited for."""
_BRIEFLY = 0.001
"""Seconds."""
_MOST_BRIEF = 15
"""Batches that wait briefly, after several waits in vain."""


class ReturningRequests:
    def __init__(self, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._answered = 0
        """Requests of the last batch, if they were more than a few."""
        self._missing = 0
        """Of these, how many have not come again, if whoever comes was one of them."""
        self._until = 0.0
        """When the wait ends, by the clock of the event loop."""
        self._brief_next = 0
        """How many of the next batches wait briefly."""
        self._brief_after = 0
        """How many did after the last wait in vain; 0 if the last wait was worth it."""
        self._are_back = Event()

    def note_requests(self, count: int = 1) -> None:
        """So many more came."""
        self._missing -= count
        if self._missing <= 0:
            self._are_back.set()

    def note_answers(self, requests: int, seconds: float) -> None:
        """A batch answered so many just now. `seconds`: how long it took."""
        self._answered = self._missing = requests if requests > _FEW else 0
        self._until = get_running_loop().time() + min(self._most_seconds, seconds * _SHARE)
        self._are_back.clear()

    def end_wait(self) -> None:
        """There is no room for more."""
        self.note_requests(max(0, self._missing))

    async def wait(self) -> None:
        """Until all are back, or the time is over."""
        now = get_running_loop().time()
        if self._missing <= 0 or now >= self._until:
            return
        if self._brief_next:
            self._brief_next -= 1
            await self._wait_until(min(now + _BRIEFLY, self._until))
            return
        await self._wait_until(self._until)
        is_in_vain = self._missing > self._answered / 4
        self._brief_after = min(2 * self._brief_after + 1, _MOST_BRIEF) if is_in_vain else 0
        self._brief_next = self._brief_after

    async def _wait_until(self, end: float) -> None:
        try:
            async with timeout_at(end):
                await self._are_back.wait()
        except TimeoutError:
            pass
