"""Reports of Google Analytics 4 as CSV: tables, each below lines that begin with `#`.

All words in it are in the language of whoever downloaded it, so that columns are known by what is in them.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

from exports.addresses import page_of
from exports.found import PAGEVIEW, DayTotal, Device, Found, Note, Unusable, device_of
from exports.parts import Part, left_out
from exports.rows import Row, rows_of
from exports.sums import is_whole, whole, why_not_summed
from exports.values import InvalidValue

_DATED: Final = re.compile(r"#[^:\uff1a]*[:\uff1a]\s*(\d{8})\s*")
_RANGE: Final = re.compile(r"#\s*(\d{8})-(\d{8})\s*")
_DAY: Final = re.compile(r"((?:19|20)\d{6})(?:[01]\d|2[0-3])?", re.ASCII)
"""A day, or an hour of a day."""
_VIEWS: Final = frozenset({"views", "表示回数"})
_OF_EVENTS: Final = frozenset({"event_name", "event_timestamp"})
_EVENT_NAME: Final = "event name"
_EVENT_COUNT: Final = "event count"
_PAGE: Final = re.compile(r"page|screen|ページ|seite|página|pagina", re.IGNORECASE)


class _Table(NamedTuple):
    comments: list[str]
    rows: list[Row]
    """The first is the header."""


class _Columns(NamedTuple):
    """The places of columns; None for what the table does not have."""

    day: int | None
    page: int | None
    event: int | None
    host: int | None
    device: int | None
    figures: list[int]


def report_in(part: Part) -> Iterator[Found]:
    for table in _tables(part):
        if isinstance(table, Unusable):
            yield table
        elif table.rows and _OF_EVENTS.issubset(table.rows[0].cells):
            yield left_out(part, "CSV has no parameters of events. Save them as JSON or as Parquet.")
        elif table.rows:
            yield from _totals(part, table)


def _tables(part: Part) -> Iterator[_Table | Unusable]:
    table = _Table([], [])
    for row in rows_of(part):
        if isinstance(row, Unusable):
            yield row
        elif not row.cells[0].startswith("#"):
            table.rows.append(row)
        else:
            if table.rows:
                yield table
                table = _Table([], [])
            table.comments.append(",".join(row.cells))
    yield table


def _totals(part: Part, table: _Table) -> Iterator[Found]:
    header, *rows = table.rows
    names = [name.strip() for name in header.cells]
    rows, others = _sorted_out(names, rows)
    yield from others
    columns = _columns(names, rows)
    day = None if columns.day is not None else _only_day(table.comments)
    why = _why_not(names, columns, day)
    if why or not rows:
        yield Note(f"The table of “{names[0]}” in {part.name} is left out: {why or 'it has no rows.'}")
        return
    for place in columns.figures:
        if reason := _why_not_summed(names[place], columns):
            yield Note(f"“{names[place]}” is left out: {reason}.")
        else:
            for row in rows:
                yield _total(row, names[place], place, columns, day)


def _sorted_out(names: list[str], rows: Iterable[Row]) -> tuple[list[Row], list[Found]]:
    """The rows of the table, and what is to be said of the others."""
    kept: list[Row] = []
    others: list[Found] = []
    for row in rows:
        if not row.cells[0]:
            # It stands first in an exploration, and can have a cell more than the header.
            others.append(Note("rows with a total of other rows are left out", 1))
        elif len(row.cells) == len(names):
            kept.append(row)
        else:
            reason = f"{len(row.cells)} cells under a header of {len(names)}"
            others.append(Unusable(row.place, reason, ",".join(row.cells)))
    return kept, others


def _columns(names: list[str], rows: list[Row]) -> _Columns:
    """Dimensions stand first, then figures."""
    cells = [[row.cells[place] for row in rows] for place in range(len(names))]
    day = next((place for place, column in enumerate(cells) if all(map(_DAY.fullmatch, column))), None)
    figures = [place for place in range(len(names)) if place != day and all(map(_is_number, cells[place]))]
    dimensions = [place for place in range(len(names)) if place not in (day, *figures)]
    lower = {names[place].lower(): place for place in reversed(dimensions)}
    return _Columns(
        day,
        page=_page(names, cells, dimensions),
        event=lower.get(_EVENT_NAME),
        host=lower.get("hostname"),
        device=next((place for place in dimensions if any(map(device_of, cells[place]))), None),
        figures=figures,
    )


def _page(names: list[str], cells: list[list[str]], dimensions: list[int]) -> int | None:
    paths = [place for place in dimensions if any(cell.startswith("/") for cell in cells[place])]
    titles = [place for place in dimensions if _PAGE.search(names[place])]
    return next(iter([*paths, *titles]), None)


def _is_number(text: str) -> bool:
    if is_whole(text):
        return True
    try:
        float(text)
    except ValueError:
        return False
    # A text of digits that begins with 0 is the name of something, such as the nth day.
    return "." in text or text.startswith("-")


def _only_day(comments: Iterable[str]) -> date | None:
    """The day, if the range of the table is a single one."""
    dated = [found[1] for comment in comments if (found := _DATED.fullmatch(comment))][-2:]
    ranges = [found for comment in comments if (found := _RANGE.fullmatch(comment))]
    if ranges:
        dated = list(ranges[-1].groups())
    is_one = len(dated) == 2 and dated[0] == dated[1]
    return _day_of(dated[0]) if is_one else None


def _day_of(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None


def _why_not(names: list[str], columns: _Columns, day: date | None) -> str:
    has_day = columns.day is not None or day is not None
    if not has_day:
        return "it has no days. Add the dimension Date to the report, or download each day alone."
    known = {columns.page, columns.event, columns.day}
    dimensions = [place for place in range(len(names)) if place not in columns.figures]
    if dimensions and not known & set(dimensions):
        return "it says nothing of pages or events."
    return ""


def _why_not_summed(figure: str, columns: _Columns) -> str:
    if columns.event is not None and figure.lower() != _EVENT_COUNT:
        return "of events, only the event count is brought"
    return why_not_summed(figure)


def _total(row: Row, name: str, place: int, columns: _Columns, day: date | None) -> Found:
    cells = row.cells
    day = day if columns.day is None else _day_of(cells[columns.day])
    try:
        count = whole(name, cells[place])
        if day is None:
            raise InvalidValue("it has no day that is in the calendar")
    except InvalidValue as error:
        return Unusable(row.place, str(error), ",".join(cells))
    page = page_of("" if columns.page is None else cells[columns.page])
    return DayTotal(
        row.place,
        day,
        _name(name, columns, cells),
        page.path,
        count,
        host=page.host if columns.host is None else cells[columns.host],
        device=_device(columns, cells),
    )


def _name(figure: str, columns: _Columns, cells: list[str]) -> str:
    if columns.event is not None:
        name = cells[columns.event]
        return PAGEVIEW if name == "page_view" else name
    return PAGEVIEW if figure.lower() in _VIEWS else figure


def _device(columns: _Columns, cells: list[str]) -> Device | None:
    return None if columns.device is None else device_of(cells[columns.device])
