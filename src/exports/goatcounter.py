"""GoatCounter: pageviews as CSV (version 2), or visits by hour as JSON."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final

from exports.export import Export
from exports.found import PAGEVIEW, Device, Event, Found, Note
from exports.goatcounter_json import read_hours
from exports.parts import Part, left_out
from exports.rows import Cells, header_of, table_of
from exports.values import instant_in, read_each

_FIRST_COLUMN: Final = re.compile(r"(\d+)Path")
"""The version stands before the name of the first column."""
_VERSION: Final = "2"
_YES: Final = frozenset(("1", "true"))
_DESKTOPS: Final = ("Windows", "macOS", "Mac OS", "Linux", "Chrome OS", "ChromeOS", "FreeBSD", "OpenBSD")
_HANDHELDS: Final = ("iOS", "Android")
_WIDEST_PHONE: Final = 600
"""In CSS pixels, upright. A handheld that is wider may be a tablet, or a phone that lies."""
_ROWS: Final = "rows"
_BOTS: Final = "pageviews are left out, because GoatCounter recognised bots."
_AGAIN: Final = (
    "pageviews are of a page that was seen before in the same visit. They count here; GoatCounter shows only "
    "the first of each visit."
)
_EMPTY: Final = (
    "it has no pageviews: GoatCounter keeps single pageviews only if that is turned on in its settings. "
    "Export JSON instead."
)
_SAME: Final = "its visits are those of the pageviews in CSV, which count instead."


def read_goatcounter(export: Export) -> Iterator[Found]:
    """Raises InvalidFile."""
    tables: list[Part] = []
    others: list[Part] = []
    for part in export.parts:
        (others if part.base.endswith((".json", ".jsonl")) else tables).append(part)
    has_pageviews = False
    for part in tables:
        for found in _pageviews(part):
            has_pageviews |= isinstance(found, Event)
            yield found
    if has_pageviews and others:
        yield left_out(others[0], _SAME)
    else:
        yield from read_hours(others, export.zone)


def _pageviews(part: Part) -> Iterator[Found]:
    header = header_of(part)
    found = _FIRST_COLUMN.fullmatch(header[0]) if header else None
    if found is None:
        yield left_out(part, "it is no export of pageviews of GoatCounter.")
        return
    if found[1] != _VERSION:
        yield left_out(part, f"it has version {found[1]} of the format, and not {_VERSION}: export it again.")
        return
    counts: Counter[str] = Counter()
    yield from read_each(table_of(part), partial(_pageview, path=header[0], counts=counts))
    if not counts[_ROWS]:
        yield left_out(part, _EMPTY)
    yield from (Note(text, counts[text]) for text in (_BOTS, _AGAIN) if counts[text])


def _pageview(cells: Cells, *, path: str, counts: Counter[str]) -> Found:
    """`path`: the name of that column."""
    counts[_ROWS] += 1
    if cells["Bot"] not in ("", "0"):
        counts[_BOTS] += 1
        return Note(_BOTS)
    if not _is(cells["FirstVisit"]):
        counts[_AGAIN] += 1
    at, session = instant_in(cells, "Date", None), cells["Session"]
    # An event has its name in place of a path.
    name, page = (cells[path], "") if _is(cells["Event"]) else (PAGEVIEW, cells[path])
    system, size = cells["System"], cells["Screen size"]
    return Event(
        cells.place,
        at,
        name,
        page,
        # Without sessions, the ids are 0.
        visitor=session if session.strip("0-") else None,
        device=_device_of(system, size.partition(",")[0]),
        agent=cells["UserAgent"] or None,
        mark="\n".join((session, cells["Browser"], system, size, cells["Location"], cells["Referrer"])),
    )


def _is(text: str) -> bool:
    return text.lower() in _YES


def _device_of(system: str, width: str) -> Device | None:
    """None if a handheld may be a phone or a tablet."""
    if system.startswith(_DESKTOPS):
        return "DESKTOP"
    is_narrow = width.isdecimal() and 0 < int(width) < _WIDEST_PHONE
    return "MOBILE" if system.startswith(_HANDHELDS) and is_narrow else None
