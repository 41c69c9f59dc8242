"""Columns of instants as text, read at once."""

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from operator import floordiv, sub

from base.instants import instant_of
from base.packed import packed_instant
from base.time_units import EPOCH, MICROSECOND


def packed_instants(texts: Sequence[str]) -> list[int]:
    """The packed instants, read as `instant_of` reads them. Raises InvalidInstant."""
    if _are_alike(texts):
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
    signs = [place for place, sign in enumerate(first) if not sign.isdigit()]
    return all(text[place::width] == first[place] * count for place in signs)
