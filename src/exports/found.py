"""What readers find in an export: events, totals of days, lines that are neither, and notes for the user."""

from datetime import date, datetime
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

PAGEVIEW: Final = "pageview"
"""The name of the event that a page was viewed, whatever a program calls it."""
VISIT: Final = "visit"
"""The name of the event that a page was viewed in a visit, however often."""

Device: TypeAlias = Literal["DESKTOP", "MOBILE", "TABLET"]
_DEVICES: Final[dict[str, Device]] = {
    **dict.fromkeys(("desktop", "laptop", "computer"), "DESKTOP"),
    **dict.fromkeys(("mobile", "smartphone", "phablet", "phone", "feature phone", "mobile phone"), "MOBILE"),
    "tablet": "TABLET",
}


class Place(NamedTuple):
    file: str
    line: int
    """Where it begins, from 1."""


class Event(msgspec.Struct, frozen=True):
    """Something that happened at an instant."""

    place: Place
    at: datetime
    name: str
    """`PAGEVIEW`, or the program's own name."""
    path: str = ""
    """Of the page; or the id of another object, such as a video."""
    id: str | None = None
    """The program's own. An id that comes again is the same event again."""
    host: str | None = None
    """Of the page."""
    visitor: str | None = None
    """The program's name for a person, or for a visit."""
    device: Device | None = None
    agent: str | None = None
    """The user agent, if the program has not judged it."""
    mark: str = ""
    """Without an id: what tells it from others of the same instant, page and name."""


class DayTotal(msgspec.Struct, frozen=True):
    """How often something happened on a day. Nothing is known of the single events."""

    place: Place
    day: date
    name: str
    path: str
    count: int
    host: str | None = None
    device: Device | None = None


class Unusable(msgspec.Struct, frozen=True):
    """A line that should have been an event or a total, and is none."""

    place: Place
    reason: str
    text: str = ""
    """The line."""


class Note(msgspec.Struct, frozen=True):
    """What the user should know, such as what was left out and why."""

    text: str
    count: int = 0
    """How many lines it is about. The counts of equal texts add up."""
    file: str = ""
    """Which file it is about, if it begins with the name of a file."""


Found: TypeAlias = Event | DayTotal | Unusable | Note


def device_of(word: str) -> Device | None:
    """By the words that analytics programs have. None for all else, such as a television."""
    return _DEVICES.get(word.strip().lower())
