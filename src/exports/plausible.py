"""Plausible: the export of a whole site, and what the dashboard downloads. Neither has events."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Final

from exports.export import Export
from exports.found import PAGEVIEW, DayTotal, Found, Note, Unusable
from exports.parts import Part, left_out
from exports.plausible_dashboard import is_of_dashboard, read_dashboard
from exports.rows import Cells, header_of, table_of
from exports.values import count_of, day_in, read_each

_NAME: Final = re.compile(r"(?:imported_)?([a-z]+(?:_[a-z]+)*)(?:_\d{8}_\d{8})?(?: ?\(\d+\))?\.csv")
_OF_ITSELF: Final = "engagement"
_MEASURED: Final = "`engagement` events are left out: with them Plausible measures how long a page is read."
_PEOPLE: Final = Note(
    "Visitors and visits are left out: whoever comes on two days, or to two pages, counts twice in their sum."
)
_DIMENSIONS: Final = Note(
    "Devices, browsers, systems, countries, sources, entry and exit pages are left out: the export has them "
    "for the whole site and not for each page. So the device of each total is unknown."
)
_OTHERS: Final = frozenset(
    ("browsers", "devices", "entry_pages", "exit_pages", "locations", "operating_systems", "sources")
)
_COUNTED: Final = frozenset(("pages", "custom_events", "visitors"))


def read_plausible(export: Export) -> Iterator[Found]:
    """Raises InvalidFile."""
    of_site: Counter[date] = Counter()
    of_pages: Counter[date] = Counter()
    for part in export.parts:
        match _table_of(part):
            case None:
                yield left_out(part, "it is no table of Plausible.")
            case _ if is_of_dashboard(header_of(part)):
                yield from read_dashboard(part)
            case "pages":
                yield _PEOPLE
                yield from _summed(read_each(table_of(part), _pageviews), of_pages)
            case "custom_events":
                yield from read_each(table_of(part), _custom_event)
            case "visitors":
                found = _summed(read_each(table_of(part), _pageviews), of_site)
                yield from (one for one in found if isinstance(one, Unusable))
            case _:
                yield _DIMENSIONS
    yield from _differences(of_site, of_pages)


def _table_of(part: Part) -> str | None:
    found = _NAME.fullmatch(part.base)
    return found[1] if found and found[1] in _OTHERS | _COUNTED else None


def _pageviews(cells: Cells) -> DayTotal:
    """Of a page. In the table of visitors, of the whole site."""
    count = count_of(cells, "pageviews")
    return DayTotal(cells.place, day_in(cells), PAGEVIEW, cells["page"], count, cells["hostname"] or None)


def _custom_event(cells: Cells) -> DayTotal | Note:
    count = count_of(cells, "events")
    if cells["name"] == _OF_ITSELF:
        return Note(_MEASURED, count)
    # An event has a path, or a link that leads to a file or to another site.
    return DayTotal(cells.place, day_in(cells), cells["name"], cells["path"] or cells["link_url"], count)


def _summed(totals: Iterator[Found], days: Counter[date]) -> Iterator[Found]:
    for found in totals:
        if isinstance(found, DayTotal):
            days[found.day] += found.count
        yield found


def _differences(of_site: Counter[date], of_pages: Counter[date]) -> Iterator[Note]:
    days = [day for day in sorted(of_site) if of_site[day] != of_pages[day]]
    if days:
        yield Note(
            f"The pageviews of pages and those of the whole site differ on {len(days)} days. On {days[0]} "
            f"they are {of_pages[days[0]]:,} and {of_site[days[0]]:,}. Those of pages are counted."
        )
