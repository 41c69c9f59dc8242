"""Keys by which something is remembered that depends on the values of variables."""

from collections.abc import Hashable, Iterable
from typing import Any, Final

_LONGEST: Final = 300
"""Characters of all texts of a key together. Whoever asks chooses them, and they may be megabytes long."""
_MOST: Final = 32
"""Values in a list or an object."""


def key_of(values: Iterable[Any]) -> tuple[Hashable, ...] | None:
    """The same key for the same values, in this order. None where it would be long, or where lists or objects
    have others in them.
    """
    parts: list[Any] = []
    for value in values:
        kind = value.__class__
        if kind is dict or kind is list:
            if len(value) > _MOST:
                return None
            parts += kind, len(value), *value
            if kind is dict:
                parts += value.values()
        else:
            parts.append(value)
    key = tuple(parts)
    try:
        hash(key)
    except TypeError:
        return None
    return key if sum([len(part) for part in parts if isinstance(part, str)]) <= _LONGEST else None
