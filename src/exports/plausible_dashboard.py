"""What Plausible's dashboard downloads: a curve of the whole site by days, and lists without days."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from exports.found import PAGEVIEW, DayTotal, Found, Note
from exports.parts import Part, left_out
from exports.rows import Cells, header_of, table_of
from exports.values import count_of, day_in, read_each

_CURVE: Final = frozenset(("date", "pageviews", "views_per_visit"))
_DAY: Final = timedelta(days=1)
_NO_PAGES: Final = Note(
    "The curve of the dashboard is of the whole site, so its path is empty. To have days of each page, "
    "export the site (Settings, Imports & exports)."
)
_NO_DAYS: Final = (
    "it has no days, only sums of the range that the dashboard showed, and ends after 100 or 300 rows. "
    "Export the site (Settings, Imports & exports) instead."
)


def is_of_dashboard(header: Sequence[str]) -> bool:
    return ("name" in header and "date" not in header) or set(header) >= _CURVE


def read_dashboard(part: Part) -> Iterator[Found]:
    """Raises InvalidFile."""
    if "date" not in header_of(part):
        yield left_out(part, _NO_DAYS)
        return
    found = list(read_each(table_of(part), _total))
    totals = [one for one in found if isinstance(one, DayTotal)]
    if any(later.day - day.day != _DAY for day, later in pairwise(totals)):
        yield left_out(
            part, "its rows are not single days: show days in the dashboard, and download it again."
        )
        return
    yield _NO_PAGES
    yield from found


def _total(cells: Cells) -> DayTotal:
    return DayTotal(cells.place, day_in(cells), PAGEVIEW, "", count_of(cells, "pageviews"))
