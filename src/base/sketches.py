"""Distinct visitors, estimated: HyperLogLog sketches, as they are stored.

Sketches merge without counting anyone twice, in whatever order they come.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

VERSION = 1
"""Of everything below, the library's seed (9001) and how visitors are spelled.

Sketches of different versions are never merged.
"""
ALL_SUBJECTS = (0, 0)
"""The kind and the id of a subject that stand for all those of a tenant."""
_LG_K = 12
_DEVIATIONS = 2
_COUPON_BYTES = 4
_HEADER_INTS_OF_REGISTERS = 10

EMPTY: bytes = bytes.fromhex("0201070c030c0000")
"""A sketch that saw nobody, as the library writes it."""


@cache
def library() -> Any:
    """DataSketches, with which comes numpy: together they take a tenth of a second to load."""
    import datasketches

    return datasketches


class Estimate(NamedTuple):
    """`lower` and `upper` hold the true number with a probability of 95 %."""

    estimate: int
    lower: int
    upper: int

    def without(self, known: int) -> "Estimate":
        """So many fewer, which are known exactly."""
        return Estimate(*(max(0, number - known) for number in self))


def who(user_id: int | None, visitor: bytes | None) -> str | None:
    """As sketches know people: those who are signed in by their ids, others by their hashes."""
    if user_id is not None:
        return f"user {user_id}"
    return visitor.hex() if visitor else None


def added(sketch: bytes, visitors: Iterable[str]) -> bytes:
    grown = library().hll_sketch.deserialize(sketch)
    for who in visitors:
        grown.update(who)
    return bytes(grown.serialize_compact())


class Union:
    """Of sketches that come one after the other."""

    def __init__(self) -> None:
        self._union = library().hll_union(_LG_K)

    def add(self, sketches: Iterable[bytes]) -> None:
        for sketch in sketches:
            self._union.update(library().hll_sketch.deserialize(sketch))

    def result(self, registers: str) -> Any:
        """`registers`: how the library packs them."""
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
    """What is in it: the same for all sketches that saw the same visitors, in whatever order.

    The library's layout: a header, of which the first byte is the length in ints, then either one
    register for each of the 2^12 places, or while there are few visitors a hash of each, unsorted.
    """
    union = Union()
    union.add([sketch])
    laid_out = bytes(union.result("HLL_8").serialize_compact())
    body = laid_out[4 * laid_out[0] :]
    if laid_out[0] == _HEADER_INTS_OF_REGISTERS:
        return body
    coupons = [body[place : place + _COUPON_BYTES] for place in range(0, len(body), _COUPON_BYTES)]
    return b"".join(sorted(coupons))
