"""Checks the arguments of connections, and writes and reads cursors."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from base.errors import BadUserInput
from loaders.pages import Page, Position
from resolvers.context import Limits

_DEFAULT_SIZE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VALUES = {"created_at": int, "name": str}


class _Cursor(msgspec.Struct, array_like=True):
    order: str
    value: int | str
    """An instant as microseconds since 1970."""
    public_id: UUID


def cursor(order: str, row: Any) -> str:
    """Where a row stands in this order. A list in another order refuses the cursor."""
    value = _sort_value(order, row)
    return _text(
        _Cursor(order, _microseconds(value) if isinstance(value, datetime) else value, row.public_id)
    )


def _text(given: _Cursor) -> str:
    return urlsafe_b64encode(msgspec.msgpack.encode(given)).decode().rstrip("=")


def _sort_value(order: str, row: Any) -> Any:
    return row.published_at if order == "created_at" and hasattr(row, "published_at") else getattr(row, order)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def page_of(
    limits: Limits,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    order: str = "created_at",
    descending: bool = False,
) -> Page:
    """By default 20 rows from the start. Raises BAD_USER_INPUT for arguments that make no page."""
    if first is not None and last is not None:
        raise BadUserInput("Give `first` or `last`, not both.", argument="last", reason="INVALID_PAGE")
    return Page(
        size=_size("last" if last is not None else "first", last if last is not None else first, limits),
        backward=last is not None,
        after=_position(after, "after", order),
        before=_position(before, "before", order),
        order=order,
        descending=descending,
    )


def _size(argument: str, asked: int | None, limits: Limits) -> int:
    size = min(_DEFAULT_SIZE, limits.page_size) if asked is None else asked
    if not 0 <= size <= limits.page_size:
        raise BadUserInput(
            f"`{argument}` is a number from 0 to {limits.page_size}.",
            argument=argument,
            reason="INVALID_PAGE_SIZE",
        )
    return size


def _position(text: str | None, argument: str, order: str) -> Position | None:
    if text is None:
        return None
    try:
        return _read(text, order)
    except (ValueError, OverflowError, msgspec.MsgspecError):
        raise BadUserInput(
            f"`{argument}` takes a cursor of this list, as an edge or `pageInfo` gave it.",
            argument=argument,
            reason="INVALID_CURSOR",
        ) from None


def _read(text: str, order: str) -> Position:
    """Reads only what `cursor` writes, and only in the same order. Raises ValueError."""
    given = msgspec.msgpack.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
    if given.order != order or type(given.value) is not _VALUES[order] or _text(given) != text:
        raise ValueError(text)
    if isinstance(given.value, int):
        return Position(_EPOCH + given.value * _MICROSECOND, given.public_id)
    if "\x00" in given.value:
        raise ValueError(text)
    return Position(given.value, given.public_id)
