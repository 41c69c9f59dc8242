"""What the status and the headers of an answer mean, on every network."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from base.numbers import LARGEST
from social.errors import Failed, Limited, NetworkError, Refused

T = TypeVar("T")

Verdict = Callable[[int, Mapping[str, str], bytes], NetworkError | None]
"""Takes status, headers (in lower case) and body. Returns what is wrong, or None."""


def by_status(status: int, headers: Mapping[str, str], _: bytes) -> NetworkError | None:
    if status == 200:
        return None
    if status in (401, 403):
        return Refused(f"it refuses the credentials ({status})")
    if status == 429:
        wait = seconds_to_wait(headers)
        return Limited(
            "it was asked too often (429)", wait=_seconds_to_reset(headers) if wait is None else wait
        )
    is_passing = status >= 500 or status == 408
    return Failed(f"it answered {status}", is_passing=is_passing, wait=seconds_to_wait(headers))


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """From Retry-After, which has seconds or a date."""
    after = headers.get("retry-after", "").strip()
    if _is_number(after):
        return float(after)
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - _now())
    except (ValueError, OverflowError):
        return None


def _seconds_to_reset(headers: Mapping[str, str]) -> float | None:
    """From X's own header. It is a Unix time, and every answer of X has it."""
    reset = headers.get("x-rate-limit-reset", "").strip()
    return max(0.0, float(reset) - _now()) if _is_number(reset) else None


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12


def decoded(body: bytes, type_: type[T]) -> T:
    """Raises Failed."""
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError:
        raise Failed("its answer has another shape than documented") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Failed("its answer is no JSON") from None


def picked(item: Any, type_: type[T]) -> T | None:
    """One item of an answer; None if it has another shape, so that it spoils no other."""
    try:
        return msgspec.convert(item, type_)
    except msgspec.ValidationError:
        return None


def count_of(value: int | str | None) -> int | None:
    """A count, or its digits; None for anything else, and for more than the schema can show."""
    if isinstance(value, str):
        value = int(value) if _is_digits(value) else None
    return value if value is not None and 0 <= value <= LARGEST else None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST))
