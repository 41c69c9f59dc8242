"""Objects of JSON and rows of Parquet, whose values may be of any type."""

import json
from typing import Any, Final

from exports.found import Unusable
from exports.json_items import Item
from exports.values import InvalidValue

WRONG_SHAPE: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What reading an object raises that has other fields, or values of other types, than was expected."""


def text_of(value: Any) -> str:
    """Of a text or a number; empty if there is none. Raises InvalidValue for all else."""
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise InvalidValue(f"{str(value)[:40]!r} is no text")
    text = str(value)
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InvalidValue(f"{text[:40]!r} has half a pair of UTF-16, which is no sign")
    return text


def unusable(item: Item, reason: str) -> Unusable:
    return Unusable(item.place, reason, json.dumps(item.value, default=str))
