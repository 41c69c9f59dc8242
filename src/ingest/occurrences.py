"""How often each line of a file occurred so far, in 8 bytes for each line."""

from collections.abc import Sequence
from typing import Any

from base import arrays


class Occurrences:
    """Hashes of 64 bits stand for the lines. A line with the hash of another one would count as seen."""

    def __init__(self) -> None:
        self._runs: list[Any] = []
        """Sorted hashes of all lines, each once. A run is more than twice as long as the next one."""
        self._again: dict[int, int] = {}
        """How often those occurred that occurred more than once."""

    def before(self, digests: Sequence[bytes]) -> list[int]:
        """How often each of these lines occurred before it. They are counted from then on."""
        if not digests:
            return []
        numpy = arrays.numpy()
        hashes = numpy.frombuffer(b"".join([digest[:8] for digest in digests]), dtype=numpy.uint64)
        unique = numpy.unique(hashes)
        were_seen = self._are_known(unique)
        self._add(unique[~were_seen])
        if len(unique) == len(hashes) and not were_seen.any():
            return [0] * len(hashes)
        return self._counted(hashes.tolist(), set(unique[were_seen].tolist()))

    def _are_known(self, hashes: Any) -> Any:
        numpy = arrays.numpy()
        known = numpy.zeros(len(hashes), dtype=bool)
        for run in self._runs:
            known |= run[numpy.searchsorted(run, hashes).clip(max=len(run) - 1)] == hashes
        return known

    def _counted(self, hashes: list[int], seen: set[int]) -> list[int]:
        numbers = []
        for one in hashes:
            number = self._again.get(one, int(one in seen))
            numbers.append(number)
            if number:
                self._again[one] = number + 1
            seen.add(one)
        return numbers

    def _add(self, run: Any) -> None:
        if not len(run):
            return
        self._runs.append(run)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            joined = arrays.numpy().concatenate([self._runs.pop(), self._runs.pop()])
            joined.sort(kind="stable")
            self._runs.append(joined)
