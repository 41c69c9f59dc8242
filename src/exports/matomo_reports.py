"""Matomo's report `Actions.getPageUrls`: how often each page was viewed on a day."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final

from exports.addresses import page_of
from exports.found import PAGEVIEW, DayTotal, Found, Note
from exports.parts import Part, left_out
from exports.rows import Cells, header_of, table_of
from exports.values import count_of, day_in, read_each

PAGES: Final = ("label", "nb_hits")
"""Columns of the report."""
_DAY: Final = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", re.ASCII)
_GUARDED: Final = re.compile(r"'[=+\-@]")
_CUT_AFTER: Final = 100
_NO_DAY: Final = (
    "it does not say of which day it is. Export several days at once (period=day and "
    "date=2026-03-01,2026-03-31), or put the day into the name of the file, such as pages-2026-03-01.csv."
)
_PERIODS: Final = Note("rows are left out: they are of weeks, months or years, which are not days.", 1)
_FOLDERS: Final = Note(
    "rows without an address are left out: they are folders, whose pages stand in other rows (export with "
    "flat=1), or the rest that Matomo calls Others.",
    1,
)
_CUT: Final = (
    "has days with exactly 100 pages, after which Matomo cuts a report: export it again with filter_limit=-1."
)
_PEOPLE: Final = Note("Visitors and visits of pages are left out: they do not add up over days or pages.")


def read_pages(part: Part, separator: str) -> Iterator[Found]:
    """Raises InvalidFile."""
    header = header_of(part, separator)
    day = _day_of(part)
    if "date" not in header and day is None:
        yield left_out(part, _NO_DAY)
        return
    yield _PEOPLE
    rows: Counter[date] = Counter()
    has_address = "metadata_url" in header
    read = partial(_total, day=None if "date" in header else day, has_address=has_address)
    for found in read_each(table_of(part, separator), read):
        if isinstance(found, DayTotal):
            rows[found.day] += 1
        yield found
    if _CUT_AFTER in rows.values():
        yield Note(f"{part.name} {_CUT}")


def _day_of(part: Part) -> date | None:
    """In the name of the file, if there is exactly one."""
    days = _DAY.findall(part.base)
    try:
        return date.fromisoformat(days[0]) if len(days) == 1 else None
    except ValueError:
        return None


def _total(cells: Cells, *, day: date | None, has_address: bool) -> DayTotal | Note:
    """`day`: that of all rows, if they do not say it."""
    if "," in cells["date"]:
        return _PERIODS
    if cells["idsubdatatable"] or (has_address and not cells["metadata_url"]):
        return _FOLDERS
    label = cells["label"][1:] if _GUARDED.match(cells["label"]) else cells["label"]
    host, path = page_of(cells["metadata_url"]) if has_address else (None, label)
    return DayTotal(cells.place, day or day_in(cells), PAGEVIEW, path, count_of(cells, "nb_hits"), host)
