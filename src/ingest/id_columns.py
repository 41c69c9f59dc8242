"""Columns of UUIDs as text, read at once."""

from collections.abc import Sequence
from uuid import UUID

_WIDTH = 36
_DASHES = (8, 13, 18, 23)
_BYTES = 16


def packed_ids(texts: Sequence[str]) -> list[bytes] | None:
    """The packed ids of UUIDs in their usual spelling; None if there is another text among them."""
    count = len(texts)
    text = "".join(texts)
    if set(map(len, texts)) - {_WIDTH} or any(text[place::_WIDTH] != "-" * count for place in _DASHES):
        return None
    try:
        packed = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    if len(packed) != _BYTES * count:
        # Blanks among the digits are left out.
        return None
    return [packed[start : start + _BYTES] for start in range(0, len(packed), _BYTES)]


def optional_ids(texts: Sequence[str | None]) -> Sequence[bytes | None] | None:
    """The same. Where there is no text, there is no id."""
    given = [text for text in texts if text is not None]
    ids = packed_ids(given)
    if ids is None or len(ids) == len(texts):
        return ids
    each = iter(ids)
    return [None if text is None else next(each) for text in texts]


def text_of(id: bytes) -> str:
    """The usual spelling, which is also that of `str`."""
    return str(UUID(bytes=id))
