"""Turns of the event loop: whoever has much to do does it in pieces, and everybody else comes in between."""

from asyncio import AbstractEventLoop, Future, get_running_loop, sleep
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

_PIECE_SECONDS = 0.001
"""For so long whoever has much to do holds the event loop."""
_IDLE_SECONDS = 0.0001
"""A loop that turns in less has nobody else to see to."""
_MOST_TURNS = 8
"""Of everybody else, before the next piece is done in any case."""
_FIRST_STEPS = 100
_STEPS = 10
"""Between looks at the clock: what is done in the first ones is small, and never looks."""
_MOST_WOKEN = 512
_AT_ONCE = 500
"""Rows or the like, of which each takes a microsecond or two."""
_TURNS_OF_A_STEP = 4
"""From one step of a task to the next of those that it has begun, at most."""


class Turns:
    """Of one event loop: pieces one after the other, of whichever requests, each in its turn."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self._ends: float | None = None
        """When the piece is over that has begun since the loop turned; None where none has."""
        self._lines: deque[Line] = deque()
        self._is_looking = False
        self._looked = 0.0
        self._turned_for_others = 0

    def is_over(self) -> bool:
        """Whether enough was done since the loop turned."""
        now = perf_counter()
        if self._ends is None:
            self._begin(now)
            return False
        return now >= self._ends

    def stand(self, line: "Line") -> None:
        self._lines.append(line)
        if self._ends is None:
            self._begin(perf_counter())

    def _begin(self, now: float) -> None:
        self._ends = now + _PIECE_SECONDS
        self.loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._ends = None
        if self._lines and not self._is_looking:
            self._is_looking = True
            self._turned_for_others = 0
            self._looked = perf_counter()
            self.loop.call_soon(self._look)

    def _look(self) -> None:
        """Everybody else goes on first, until nobody has anything to do: an answer takes several turns."""
        now = perf_counter()
        self._turned_for_others += 1
        if now - self._looked > _IDLE_SECONDS and self._turned_for_others < _MOST_TURNS:
            self._looked = now
            self.loop.call_soon(self._look)
            return
        self._is_looking = False
        line = self._lines.popleft()
        if line.wake():
            self._lines.append(line)
        if self._ends is None:
            # Behind what was woken.
            self._begin(now)


_turns: Turns | None = None


def _turns_of(loop: AbstractEventLoop) -> Turns:
    global _turns
    if _turns is None or _turns.loop is not loop:
        _turns = Turns(loop)
    return _turns


class Line:
    """Of the tasks of one request: while one waits for its turn, so do the others."""

    __slots__ = (
        "_held_up",
        "_is_standing",
        "_settling",
        "_waiting",
        "_woken",
        "busy",
        "is_long",
        "look_after",
        "steps",
    )

    def __init__(self) -> None:
        self.steps = 0
        """Taken so far: whoever takes some adds them, and looks at the clock beyond `look_after`."""
        self.look_after = _FIRST_STEPS
        self.busy = 0
        """Tasks that wait for their turn."""
        self.is_long = False
        """Whether anything has waited for a turn."""
        self._waiting: deque[Future[bool]] | None = None
        self._settling: list[Future[None]] | None = None
        self._is_standing = False
        self._woken = 8
        self._held_up = 0

    def is_over(self) -> bool:
        """Whether to wait for the next turn."""
        if _turns_of(get_running_loop()).is_over():
            return True
        self.look_after = self.steps + _STEPS
        return False

    async def turn(self) -> None:
        """The next one."""
        turns = _turns_of(get_running_loop())
        if self._waiting is None:
            self._waiting = deque()
        self.is_long = True
        self.busy += 1
        try:
            while True:
                waiting: Future[bool] = turns.loop.create_future()
                self._waiting.append(waiting)
                if not self._is_standing:
                    self._is_standing = True
                    turns.stand(self)
                is_first = await waiting
                if is_first or not turns.is_over():
                    break
                self._held_up += 1
        finally:
            self.busy -= 1
            if not self.busy:
                self._settle()
        self.look_after = self.steps + _STEPS

    async def settled(self) -> None:
        """Where some tasks have waited for their turn: until all have come as far as those that have not."""
        while self.is_long and (self.busy or await self._goes_on()):
            if self.busy:
                settled: Future[None] = get_running_loop().create_future()
                self._settling = [*(self._settling or ()), settled]
                await settled

    async def _goes_on(self) -> bool:
        steps = self.steps
        for _ in range(_TURNS_OF_A_STEP):
            await sleep(0)
        return self.busy > 0 or self.steps > steps

    def _settle(self) -> None:
        for settled in self._settling or ():
            if not settled.done():
                settled.set_result(None)
        self._settling = None

    async def step(self, steps: int) -> None:
        """After as much work: waits if the loop has to turn."""
        self.steps += steps
        if self.steps > self.look_after and self.is_over():
            await self.turn()

    async def pieces(self, items: Iterable[T]) -> AsyncIterator[list[T]]:
        """Some hundreds at a time, and between them the event loop may turn."""
        for piece in pieces(items, _AT_ONCE):
            yield piece
            await self.step(_AT_ONCE)

    def wake(self) -> bool:
        """As many as had the time last time. Whether others still wait.

        The first one goes on in any case: on a busy machine the piece may be over each time before it begins.
        """
        self._woken = (
            max(1, self._woken - self._held_up) if self._held_up else min(2 * self._woken, _MOST_WOKEN)
        )
        self._held_up = 0
        woken = 0
        while self._waiting and woken < self._woken:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(woken == 0)
                woken += 1
        self._is_standing = bool(self._waiting)
        return self._is_standing


def pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
