"""Points of a series by their numbers, in columns."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import compress, islice
from operator import lt
from typing import Final, NamedTuple, Self

from database import current_usage

_DENSE: Final = 4
"""If more than one of so many points is there, a place is made for each of them."""


class Points(NamedTuple):
    """There may be several with one number, in any order, until they are merged."""

    numbers: Sequence[int]
    counts: list[int]
    """How often something was done and not taken back."""
    taken_back: list[int] | None
    """How often it was taken back. None if it cannot be."""

    @classmethod
    def of(cls, numbers: Sequence[int], counts: list[int], taken_back: list[int] | None) -> Self:
        """`counts` include what was done and what took it back."""
        if taken_back is None:
            return cls(numbers, counts, None)
        standing = [count - 2 * taken for count, taken in zip(counts, taken_back, strict=True)]
        return cls(numbers, standing, taken_back)

    async def merged(self) -> "Points":
        """In order, and one for each number."""
        if isinstance(self.numbers, range) or all(map(lt, self.numbers, islice(self.numbers, 1, None))):
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

    def not_below_nothing(self) -> Self:
        """With nothing where more was subtracted than there was. It has to be merged."""
        if self.taken_back is None:
            return self._replace(counts=[max(count, 0) for count in self.counts])
        taken_back = [max(taken, 0) for taken in self.taken_back]
        done = [max(count + taken, 0) for count, taken in zip(self.counts, self.taken_back, strict=True)]
        counts = [one - taken for one, taken in zip(done, taken_back, strict=True)]
        return self._replace(counts=counts, taken_back=taken_back)

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

    async def added_to(self, filled: list[int]) -> None:
        """Adds each count at the place of its number."""
        if isinstance(self.numbers, range) and not any(filled[_slice(self.numbers)]):
            filled[_slice(self.numbers)] = self.counts
            return
        async for piece in current_usage().run_queue.batches(zip(self.numbers, self.counts, strict=True)):
            for number, count in piece:
                filled[number] += count

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


def _slice(numbers: range) -> slice:
    return slice(numbers.start, numbers.stop, numbers.step)


async def merged(parts: Sequence[Points], size: int) -> Points:
    """All parts together, in order, and one point for each number. All numbers are below `size`."""
    if len(parts) == 1:
        return await parts[0].merged()
    found = sum(len(part.numbers) for part in parts)
    if size < _DENSE * found and all(part.taken_back is None for part in parts):
        filled = [0] * size
        for part in parts:
            await part.added_to(filled)
            await current_usage().run_queue.step(1)
        return Points(range(size), filled, None).without_nothing()
    return await _chained(parts).merged()


def _chained(parts: Sequence[Points]) -> Points:
    numbers = [number for part in parts for number in part.numbers]
    counts = [count for part in parts for count in part.counts]
    has_taken = any(part.taken_back is not None for part in parts)
    return Points(
        numbers, counts, [one for part in parts for one in part.taken_back or ()] if has_taken else None
    )
