"""Keys that a loader reads together."""

from asyncio import Future, get_running_loop
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Batch(Generic[K]):
    """Keys that are read together, and who waits for them."""

    __slots__ = ("failure", "keys", "waiting")

    def __init__(self) -> None:
        self.keys: list[K] = []
        self.waiting: list[tuple[Future[Any], K | None]] = []
        """Each future gets the value of its key; one without a key gets None as soon as all values are there.
        """
        self.failure: Exception | None = None

    def ended(self) -> "Future[None]":
        future: Future[None] = get_running_loop().create_future()
        self.waiting.append((future, None))
        return future

    @property
    def error(self) -> Exception:
        assert self.failure
        return self.failure


def settle(future: "Future[Any]", value: object) -> None:
    if future.done():
        return
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)
