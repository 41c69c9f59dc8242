"""Columns of UUIDs as text, read at once."""

from binascii import unhexlify
from collections.abc import Sequence
from typing import Final, cast
from uuid import UUID

from base.arrays import ENOUGH_TO_READ, are_for_arrays, numpy

_WIDTH = 36
_DASHES = (8, 13, 18, 23)
_SIGNS: Final = (*((place, "-") for place in _DASHES), (_WIDTH, "\n"))
_DIGITS: Final = b"0123456789abcdef"
_BYTES = 16
_VERSION: Final = 7
_VARIANT: Final = 0b10
_MILLISECOND: Final = 1_000


def packed_ids(texts: Sequence[str]) -> list[bytes] | None:
    """The packed ids of UUIDs in their usual spelling; None if there is another text among them."""
    count = len(texts)
    if count == 1:
        return _packed_alone(texts[0])
    text = "\n".join([*texts, ""])
    stride = _WIDTH + 1
    # If each line ends where it should, each text is as long as it should be.
    if len(text) != stride * count or any(text[place::stride] != sign * count for place, sign in _SIGNS):
        return None
    try:
        packed = unhexlify(text.encode().translate(None, b"-\n"))
    except ValueError:
        return None
    if len(packed) != _BYTES * count:
        # Dashes and ends of lines among the digits are left out, too.
        return None
    if are_for_arrays(texts, ENOUGH_TO_READ):
        ids: list[bytes] = numpy().frombuffer(packed, f"V{_BYTES}").tolist()
        return ids
    return [packed[start : start + _BYTES] for start in range(0, len(packed), _BYTES)]


def _packed_alone(text: str) -> list[bytes] | None:
    """The same for one text, as single events have it."""
    if len(text) != _WIDTH or any(text[place] != "-" for place in _DASHES):
        return None
    try:
        packed = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return [packed] if len(packed) == _BYTES else None


def optional_ids(texts: Sequence[str | None]) -> Sequence[bytes | None] | None:
    """The same. Where there is no text, there is no id."""
    if all(texts):
        return packed_ids(cast(Sequence[str], texts))
    given = [text for text in texts if text is not None]
    if not given:
        return cast(Sequence[None], texts)
    ids = packed_ids(given)
    if ids is None:
        return None
    each = iter(ids)
    return [None if text is None else next(each) for text in texts]


def text_of(id: bytes) -> str:
    """The usual spelling, which is also that of `str`."""
    return str(UUID(bytes=id))


def usual_texts(texts: Sequence[str]) -> list[str] | None:
    """What `text_of` makes of the ids that were read from these texts; None if one has another spelling."""
    text = "".join(texts)
    lower, count = text.lower(), len(texts)
    # Each text has the 32 digits of its id. So if dashes are where they belong, each text ends there, too.
    is_usual = (
        len(text) == _WIDTH * count
        and lower.encode().translate(None, _DIGITS) == b"-" * len(_DASHES) * count
        and all(text[place::_WIDTH] == "-" * count for place in _DASHES)
    )
    if not is_usual:
        return None
    return list(texts) if lower == text else list(map(str.lower, texts))


def times_of(ids: Sequence[bytes]) -> Sequence[int | None]:
    """When packed ids of version 7 were made, as packed instants. None for other ids."""
    if not are_for_arrays(ids, ENOUGH_TO_READ):
        return [int.from_bytes(id[:6], "big") * _MILLISECOND if _has_time(id) else None for id in ids]
    halves = numpy().frombuffer(b"".join(ids), dtype=">u8")
    heads, tails = halves[::2], halves[1::2]
    have_times = (heads >> 12 & 0xF == _VERSION) & (tails >> 62 == _VARIANT)
    times: list[int] = ((heads >> 16).astype("i8") * _MILLISECOND).tolist()
    if have_times.all():
        return times
    return [time if has_time else None for time, has_time in zip(times, have_times.tolist(), strict=True)]


def order_of(ids: Sequence[bytes]) -> Sequence[int]:
    """The places of packed ids, in the order of the ids."""
    if are_for_arrays(ids):
        places: list[int] = numpy().frombuffer(b"".join(ids), f"S{_BYTES}").argsort(kind="stable").tolist()
        return places
    return sorted(range(len(ids)), key=ids.__getitem__)


def _has_time(id: bytes) -> bool:
    """Only an id of the usual variant has a version."""
    return id[6] >> 4 == _VERSION and id[8] >> 6 == _VARIANT
