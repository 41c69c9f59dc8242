"""Columns of instants as text, read at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import repeat
from operator import floordiv, sub
from typing import Final

from base.arrays import ENOUGH_TO_READ, are_for_arrays, numpy
from base.instants import instant_of
from base.packed import packed_instant
from base.time_units import EPOCH, MICROSECOND

_NINE: Final = 9
_FRACTION: Final = 20
"""Where the digits of a second's fraction begin."""
_SIX: Final = 6
_EARLIEST: Final = packed_instant(datetime.min.replace(tzinfo=UTC))
"""NumPy also takes the year 0."""


def packed_instants(texts: Sequence[str]) -> list[int]:
    """The packed instants, read as `instant_of` reads them. Raises InvalidInstant."""
    if len(texts) == 1:
        # There is nothing that it has to be like.
        return [packed_instant(instant_of(texts[0]))]
    if _are_alike(texts):
        packed = _read_at_once(texts) if are_for_arrays(texts, ENOUGH_TO_READ) else None
        if packed is not None:
            return packed
        try:
            instants = map(datetime.fromisoformat, texts)
            return list(map(floordiv, map(sub, instants, repeat(EPOCH)), repeat(MICROSECOND)))
        except ValueError:
            # The rule says what is wrong.
            pass
    return [packed_instant(instant_of(text)) for text in texts]


def _are_alike(texts: Sequence[str]) -> bool:
    """Whether the first is an instant, and the others have the same signs between their digits. `datetime`
    refuses what has something else in place of a digit.
    """
    if not texts:
        return False
    first = texts[0]
    instant_of(first)
    width, count = len(first), len(texts)
    text = "".join(texts)
    if set(map(len, texts)) != {width} or not text.isascii() or "z" in first:
        return False
    # `datetime` takes 60 minutes of an offset for an hour.
    if first[-1] != "Z" and set(text[width - 2 :: width]) - set("012345"):
        return False
    signs = [place for place, sign in enumerate(first) if not sign.isdigit()]
    return all(text[place::width] == first[place] * count for place in signs)


def _read_at_once(texts: Sequence[str]) -> list[int] | None:
    """The packed instants of texts that are alike; None if one of them may be no instant, or if their offsets
    differ.
    """
    first, count, text = texts[0], len(texts), "".join(texts).encode()
    width, end = len(first), _FRACTION - 1
    if first[end] == ".":
        end = next(place for place in range(_FRACTION, width) if not first[place].isdigit())
    # NumPy takes blanks, too.
    digits = numpy().count_nonzero(numpy().frombuffer(text, "u1") - ord("0") <= _NINE)
    are_digits = digits == count * sum(map(str.isdigit, first))
    have_one_offset = all(text[at::width] == text[at : at + 1] * count for at in range(end, width))
    if not are_digits or not have_one_offset:
        return None
    local = numpy().ndarray(count, f"S{min(end, _FRACTION + _SIX)}", text, strides=width)
    try:
        packed = local.astype("M8[us]").astype("i8")
    except ValueError:
        return None
    if packed.min() < _EARLIEST:
        return None
    packed += packed_instant(instant_of(first)) - packed[0]
    instants: list[int] = packed.tolist()
    return instants
