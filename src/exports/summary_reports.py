"""Summary reports as XLSX, in the layout that Viewgraph writes. openpyxl reads them, and is loaded only here.

A report has the figures of assets for a range, and days only for all of its assets together.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from importlib import import_module
from typing import Any, Final
from zipfile import BadZipFile

from exports.found import DayTotal, Found, Place, device_of
from exports.parts import Part, left_out
from exports.sums import why_not_summed
from ingest.file_lines import InvalidFile

_RANGE: Final = re.compile(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)", re.ASCII)
_SUMS: Final = frozenset({"AR views"})
"""Columns that are sums of others."""
_NEEDED: Final = ("Summary", "Assets", "Views over time")
_ASSET: Final = "Asset id"
_UNREADABLE: Final = (BadZipFile, KeyError, ValueError, OSError, TypeError)
_UNKNOWN: Final = "it is no report in a layout that is known: save answers of views-data instead."
_RANGES: Final = (
    "it has one sum for each asset of a range of several days. Take a report for each day, or one for each "
    "asset; or save answers of views-data."
)

Line = Mapping[str, Any]


def report_in(part: Part, stream: Any) -> Iterator[Found]:
    """Raises InvalidFile."""
    try:
        load = import_module("openpyxl").load_workbook
    except ImportError:
        raise InvalidFile("XLSX needs openpyxl: pip install 'viewgraph[xlsx]'.") from None
    try:
        book = load(stream, read_only=True, data_only=True)
        tables = {name: list(_lines(book[name])) for name in _NEEDED if name in book.sheetnames}
        shown = book["Summary"]["A2"].value if "Summary" in tables else None
    except _UNREADABLE as error:
        raise InvalidFile(f"{part.name} is no whole workbook: {error!r}.") from None
    found = _RANGE.fullmatch(str(shown))
    assets = [line for line in tables.get("Assets", ()) if line.get(_ASSET)]
    if len(tables) < len(_NEEDED) or found is None:
        yield left_out(part, _UNKNOWN)
    elif found[1] == found[2]:
        yield from _of_assets(part, assets, date.fromisoformat(found[1]))
    elif len({line[_ASSET] for line in assets}) == 1:
        yield from _of_days(part, tables["Views over time"], str(assets[0][_ASSET]))
    else:
        yield left_out(part, _RANGES)


def _lines(sheet: Any) -> Iterator[Line]:
    """The rows by their headings. A row of headings stands above them."""
    rows = sheet.iter_rows(values_only=True)
    headings = [str(heading) for heading in next(rows, ())]
    for row in rows:
        yield dict(zip(headings, row, strict=False))


def _of_assets(part: Part, lines: Sequence[Line], day: date) -> Iterator[Found]:
    for number, line in enumerate(lines, 2):
        device = device_of(str(line.get("Device") or ""))
        for name, count in _counts(line):
            yield DayTotal(Place(part.name, number), day, name, str(line[_ASSET]), count, device=device)


def _of_days(part: Part, lines: Sequence[Line], asset: str) -> Iterator[Found]:
    """Those of the report's only asset."""
    if not any("Day" in line for line in lines):
        yield left_out(part, "it has months and no days: take a report of fewer days.")
    for number, line in enumerate(lines, 2):
        day = line.get("Day")
        if isinstance(day, datetime):
            for name, count in _counts({**line, "AR views by click or scan": line.get("AR views")}):
                yield DayTotal(Place(part.name, number), day.date(), name, asset, count)


def _counts(line: Line) -> Iterator[tuple[str, int]]:
    for name, value in line.items():
        if isinstance(value, int) and name not in _SUMS and not why_not_summed(name):
            yield name, value
