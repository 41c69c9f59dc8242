"""Fathom: a folder of CSV files, whose only time is a range in `Summary.csv`. A range of one day is a day."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from exports.export import Export
from exports.found import PAGEVIEW, DayTotal, Found
from exports.parts import Part, left_out
from exports.rows import Cells, Row, rows_of, table_of
from exports.values import count_of, read_each

_SUMMARY: Final = "Summary.csv"
_RANGE: Final = "Export Date Range"
_FILTERS: Final = "Filters Applied"
_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d) .*? to (\d{4}-\d\d-\d\d) .*", re.ASCII)


class _Figure(NamedTuple):
    what: str
    """The column with the page, or with the name of the event."""
    total: str


_FIGURES: Final[Mapping[str, _Figure]] = {
    "Pages.csv": _Figure("Page", "Pageviews"),
    "Events.csv": _Figure("Event Name", "Completions"),
}


def read_fathom(export: Export) -> Iterator[Found]:
    for parts in _folders(export.parts):
        summary = parts.get(_SUMMARY)
        if summary is None:
            for part in parts.values():
                yield left_out(part, f"without {_SUMMARY} beside it, nobody knows its days.")
            continue
        facts = _facts(summary)
        day = _only_day(facts.get(_RANGE, ""))
        why = _why_not(facts, day)
        if why or day is None:
            yield left_out(summary, why)
            continue
        for name, part in parts.items():
            yield from _found_in(name, part, day)


def _folders(parts: Iterable[Part]) -> Iterable[dict[str, Part]]:
    folders: dict[PurePosixPath, dict[str, Part]] = {}
    for part in parts:
        folders.setdefault(PurePosixPath(part.name).parent, {})[part.base] = part
    return folders.values()


def _facts(summary: Part) -> dict[str, str]:
    rows = [row.cells for row in rows_of(summary) if isinstance(row, Row)]
    return {cells[0]: cells[1] for cells in rows if len(cells) > 1}


def _only_day(text: str) -> date | None:
    found = _DAYS.fullmatch(text)
    try:
        return date.fromisoformat(found[1]) if found and found[1] == found[2] else None
    except ValueError:
        return None


def _why_not(facts: Mapping[str, str], day: date | None) -> str:
    if facts.get(_FILTERS, "0") != "0":
        return "its folder is of a part of the site, as filters were applied."
    if day is None:
        return f"its folder has no days, but totals of “{facts.get(_RANGE, '')}”. Export each day alone."
    return ""


def _found_in(name: str, part: Part, day: date) -> Iterator[Found]:
    figure = _FIGURES.get(name)
    if figure is None:
        if name != _SUMMARY:
            yield left_out(part, "it says nothing of pages or events.")
        return
    yield from read_each(table_of(part), partial(_total, figure, day))


def _total(figure: _Figure, day: date, cells: Cells) -> DayTotal:
    what, count = cells[figure.what], count_of(cells, figure.total)
    name, path = (PAGEVIEW, what) if figure is _FIGURES["Pages.csv"] else (what, "")
    return DayTotal(cells.place, day, name, path, count)
