"""Points of a series by their numbers, in columns."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import compress, islice
from operator import lt
from typing import NamedTuple, Self

from database import current_usage


class Points(NamedTuple):
    """There may be several with one number, in any order, until they are merged."""

    numbers: Sequence[int]
    counts: list[int]
    """How often something was done and not taken back."""
    taken_back: list[int] | None
    """How often it was taken back. None if it cannot be."""

    def plus(self, numbers: list[int], counts: list[int], taken_back: list[int] | None) -> "Points":
        """`counts` include what was done and what took it back."""
        if taken_back is None:
            return Points([*self.numbers, *numbers], self.counts + counts, None)
        standing = [count - 2 * taken for count, taken in zip(counts, taken_back, strict=True)]
        return Points([*self.numbers, *numbers], self.counts + standing, (self.taken_back or []) + taken_back)

    async def merged(self) -> "Points":
        """In order, and one for each number."""
        if all(map(lt, self.numbers, islice(self.numbers, 1, None))):
            size = len(self.numbers)
            is_complete = size > 0 and (self.numbers[0], self.numbers[-1]) == (0, size - 1)
            return self._replace(numbers=range(size)) if is_complete else self
        counts = await self._summed(self.counts)
        numbers = sorted(counts)
        taken_back = None if self.taken_back is None else await self._summed(self.taken_back)
        return Points(numbers, _of(counts, numbers), None if taken_back is None else _of(taken_back, numbers))

    async def _summed(self, column: Iterable[int]) -> dict[int, int]:
        sums: defaultdict[int, int] = defaultdict(int)
        async for piece in current_usage().run_queue.batches(zip(self.numbers, column, strict=True)):
            for number, count in piece:
                sums[number] += count
        return sums

    def without_nothing(self) -> Self:
        """Without those where nothing was done."""
        if 0 not in self.counts:
            return self
        taken_back = self.taken_back or bytes(len(self.counts))
        done = [count or taken for count, taken in zip(self.counts, taken_back, strict=True)]
        return self._replace(
            numbers=_where(done, self.numbers),
            counts=_where(done, self.counts),
            taken_back=self.taken_back and _where(done, self.taken_back),
        )

    async def filled(self, size: int) -> "Points":
        """With one for each number below `size`. It has to be merged."""
        if len(self.numbers) == size:
            return self
        taken_back = None if self.taken_back is None else await self._filled(self.taken_back, size)
        return Points(range(size), await self._filled(self.counts, size), taken_back)

    async def _filled(self, column: list[int], size: int) -> list[int]:
        filled = [0] * size
        async for piece in current_usage().run_queue.batches(zip(self.numbers, column, strict=True)):
            for number, count in piece:
                filled[number] = count
        return filled


def _of(sums: dict[int, int], numbers: Iterable[int]) -> list[int]:
    return list(map(sums.__getitem__, numbers))


def _where(done: Iterable[int], column: Iterable[int]) -> list[int]:
    return list(compress(column, done))
