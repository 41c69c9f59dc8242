"""Values that are remembered for a few seconds, and only while nothing has changed."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeAlias, TypeVar

from cachetools import TTLCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Mark: TypeAlias = int | None
"""It differs once anything has changed that a remembered value may depend on. None if nobody knows."""
_MOST = 10_000
_SECONDS = 5


class Remembered(Generic[K, V]):
    """It outlives requests. A value counts only under the mark that was there before it was read."""

    def __init__(self) -> None:
        self._known: TTLCache[K, tuple[Mark, V]] = TTLCache(_MOST, _SECONDS)

    def find(self, key: K, mark: Mark) -> V | None:
        try:
            # `get` of cachetools looks everything up twice.
            known_at, value = self._known[key]
        except KeyError:
            return None
        return value if mark is not None and known_at == mark else None

    def find_older(self, key: K) -> V | None:
        """A value that may have changed within the last seconds."""
        try:
            return self._known[key][1]
        except KeyError:
            return None

    def keep(self, key: K, mark: Mark, value: V) -> None:
        self._known[key] = mark, value

    async def all(
        self, keys: Sequence[K], mark: Mark, read: Callable[[Sequence[K]], Awaitable[Sequence[V]]]
    ) -> list[V]:
        """The value of each key. Those that are not remembered are read."""
        found = {key: value for key in keys if (value := self.find(key, mark)) is not None}
        missing = [key for key in keys if key not in found]
        if missing:
            for key, value in zip(missing, await read(missing), strict=True):
                self.keep(key, mark, value)
                found[key] = value
        return [found[key] for key in keys]
