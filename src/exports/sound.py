"""Values that are of their types. JSON may have any type anywhere, and half a pair of UTF-16."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Final

from base.numbers import LARGEST_SELF_REPORTED
from exports.found import DayTotal, Event, Found, Note, Unusable

_WRONG: Final = "a value of it is of another type, too large, or no text of Unicode"


def sound(found: Iterable[Found]) -> Iterator[Found]:
    """Events and totals with a value that nothing else can take are unusable."""
    for one in found:
        match one:
            case Event() if not _is_sound_event(one):
                yield Unusable(one.place, _WRONG, _readable(repr(one)))
            case DayTotal() if not _is_sound_total(one):
                yield Unusable(one.place, _WRONG, _readable(repr(one)))
            case Unusable():
                yield Unusable(one.place, _readable(one.reason), _readable(one.text))
            case Event() | DayTotal() | Note():
                yield one


def _is_sound_event(event: Event) -> bool:
    texts = (event.id, event.host, event.visitor, event.agent)
    try:
        event.at.astimezone(UTC)
    except OverflowError:
        return False
    return event.at.tzinfo is not None and _are_texts(event.name, event.path, event.mark, *texts)


def _is_sound_total(total: DayTotal) -> bool:
    return (
        type(total.count) is int
        and 0 <= total.count <= LARGEST_SELF_REPORTED
        and _are_texts(total.name, total.path, total.host)
    )


def _are_texts(*values: str | None) -> bool:
    try:
        "".join(value for value in values if value is not None).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _readable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
