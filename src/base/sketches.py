"""Estimates of distinct visitors, by HyperLogLog sketches as they are stored.

Sketches can be merged in any order, and nobody is counted twice.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from base.arrays import arrays
from base.loading import LoadedWhenNeeded

VERSION = 1
"""The version of the code below, of the library's seed (9001) and of the texts that stand for visitors.

Sketches of different versions are never merged.
"""
ALL_SUBJECTS = (0, 0)
"""The kind and the id that stand for all subjects of a tenant."""
_LG_K = 12
_DEVIATIONS = 2
_COUPON_BYTES = 4
_HEADER_INTS_OF_REGISTERS = 10

EMPTY: bytes = bytes.fromhex("0201070c030c0000")
"""A sketch of nobody, as the library writes it."""


@cache
def library() -> Any:
    """DataSketches. Together with NumPy, which it needs, it takes a tenth of a second to load."""
    arrays.load()
    import datasketches

    return datasketches


sketching = LoadedWhenNeeded(library)
"""Await `sketching.ready()` before estimates are made on the event loop."""


class Estimate(NamedTuple):
    """The true number is from `lower` to `upper` with a probability of 95 %."""

    estimate: int
    lower: int
    upper: int

    def without(self, known: int) -> "Estimate":
        """The estimate without a number of visitors who are known exactly."""
        return Estimate(*(max(0, number - known) for number in self))


def who(user_id: int | None, visitor: bytes | None) -> str | None:
    """The text that stands for a person: the user's id if signed in, else the hash."""
    if user_id is not None:
        return f"user {user_id}"
    return visitor.hex() if visitor else None


def added(sketch: bytes, visitors: Iterable[str]) -> bytes:
    grown = library().hll_sketch.deserialize(sketch)
    for who in visitors:
        grown.update(who)
    return bytes(grown.serialize_compact())


class Union:
    """A union of sketches that are added one after the other."""

    def __init__(self) -> None:
        self._union = library().hll_union(_LG_K)

    def add(self, sketches: Iterable[bytes]) -> None:
        for sketch in sketches:
            self._union.update(library().hll_sketch.deserialize(sketch))

    def result(self, registers: str) -> Any:
        """`registers` is the form in which the library packs them."""
        return self._union.get_result(getattr(library().tgt_hll_type, registers))

    def estimate(self) -> Estimate:
        merged = self.result("HLL_4")
        return Estimate(
            round(merged.get_estimate()),
            round(merged.get_lower_bound(_DEVIATIONS)),
            round(merged.get_upper_bound(_DEVIATIONS)),
        )


def estimate(sketches: Iterable[bytes]) -> Estimate:
    """How many distinct visitors the sketches have together."""
    union = Union()
    union.add(sketches)
    return union.estimate()


def content(sketch: bytes) -> bytes:
    """The content of a sketch. It is the same for all sketches of the same visitors, in any order.

    The library writes a header, whose first byte is the header's length in ints. One register follows for
    each of the 2^12 places. While there are few visitors, a hash of each visitor follows instead, unsorted.
    """
    union = Union()
    union.add([sketch])
    laid_out = bytes(union.result("HLL_8").serialize_compact())
    body = laid_out[4 * laid_out[0] :]
    if laid_out[0] == _HEADER_INTS_OF_REGISTERS:
        return body
    coupons = [body[place : place + _COUPON_BYTES] for place in range(0, len(body), _COUPON_BYTES)]
    return b"".join(sorted(coupons))
