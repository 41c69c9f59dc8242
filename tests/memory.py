"""How much memory a piece of work takes."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


class Memory:
    @property
    def now(self) -> int:
        """Bytes that were taken since the block began, and are still held."""
        return tracemalloc.get_traced_memory()[0]

    @property
    def highest(self) -> int:
        """The most bytes that were held at once, since the block began or since `forget`."""
        return tracemalloc.get_traced_memory()[1]

    def forget(self) -> None:
        tracemalloc.reset_peak()


@contextmanager
def traced() -> Iterator[Memory]:
    """What is taken in this block. Ask within it. What was never done before takes more than the next time:
    imports, caches.
    """
    tracemalloc.start()
    try:
        yield Memory()
    finally:
        tracemalloc.stop()
