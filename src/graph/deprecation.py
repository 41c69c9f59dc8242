"""Parts of the schema that will be removed: what to use instead, and until when they stay."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

T = TypeVar("T")

_REMOVAL = re.compile(r" Removed on (\d{4}-\d\d-\d\d) or later\.$")


def deprecated(instead: str, *, removal: date) -> Callable[[T], T]:
    """Marks a field, an argument, a field of an input or the definition of an enum's value.

    `instead` is a sentence that says what to use. `removal` is the first day on which it may be gone.
    """

    def marked(part: Any) -> Any:
        part.deprecation_reason = f"{instead} Removed on {removal} or later."
        return part

    return marked


def removal_day(reason: str) -> date | None:
    """The day in a reason; None if it names none."""
    found = _REMOVAL.search(reason)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
