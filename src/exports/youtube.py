"""YouTube Studio: its zip of `Table data.csv`, `Chart data.csv` and `Totals.csv`.

Names of columns and files are in the language of whoever downloaded them. So files are known by what is in
them: a chart has a day, a video and one figure in each row, and the totals have a day and one figure.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from exports.export import Export
from exports.found import PAGEVIEW, DayTotal, Found, Note, Place, Unusable
from exports.parts import Part, left_out
from exports.rows import Row, rows_of
from exports.sums import whole, why_not_summed
from exports.values import InvalidValue

REST: Final = "(other videos)"
"""The path of what the days of the channel have beyond those of the videos in the chart."""
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DAY_OF_SPREADSHEETS: Final = re.compile(r"\d\d?[-./]\d\d?[-./]\d{4}", re.ASCII)
_VIDEO: Final = re.compile(r" ?[\w-]{11}", re.ASCII)
"""An id that begins with `-` has a blank before it, for spreadsheets."""
_VIEWS: Final = "views"
_MOST_ROWS: Final = 500
_CHART_FIGURE: Final = 2
"""The least place that the figure of a chart can have."""


class _Table(NamedTuple):
    part: Part
    names: list[str]
    rows: list[Row]


class _Cell(NamedTuple):
    day: date
    figure: str


def read_youtube(export: Export) -> Iterator[Found]:
    """Videos come first. What is left of the channel's totals comes after all files, whatever their order."""
    of_videos: defaultdict[_Cell, dict[str, int]] = defaultdict(dict)
    totals: dict[_Cell, tuple[Place, int]] = {}
    for part in export.parts:
        found: list[Found] = []
        table = _table(part, found)
        yield from found
        if not table.rows:
            yield left_out(part, "it has no rows.")
        elif _is_by_day(table, 0) and len(table.names) > _CHART_FIGURE and _is_by_video(table, 1):
            for total in _of_videos(table):
                if isinstance(total, DayTotal):
                    of_videos[_Cell(total.day, total.name)][total.path] = total.count
                yield total
        elif _is_by_day(table, 0):
            yield from _keep_totals(table, totals)
        else:
            yield left_out(part, _why_without_days(table))
    yield from _rests(totals, of_videos)


def _table(part: Part, found: list[Found]) -> _Table:
    """The rows that have figures; what is to be said of others is added to `found`."""
    table = _Table(part, [], [])
    for row in rows_of(part):
        if isinstance(row, Unusable):
            found.append(row)
        elif not table.names:
            table.names.extend(name.strip() for name in row.cells)
        elif not any(row.cells[1:]):
            # "Showing top 500 results", with or without commas behind it.
            found.append(Note(f"{part.name} is cut off, as its last line says: “{row.cells[0]}”"))
        elif len(row.cells) != len(table.names):
            reason = f"{len(row.cells)} cells under a header of {len(table.names)}"
            found.append(Unusable(row.place, reason, ",".join(row.cells)))
        else:
            table.rows.append(row)
    return table


def _is_by_day(table: _Table, place: int) -> bool:
    cell = table.rows[-1].cells[place]
    return bool(_DAY.fullmatch(cell) or _DAY_OF_SPREADSHEETS.fullmatch(cell))


def _is_by_video(table: _Table, place: int) -> bool:
    return all(_VIDEO.fullmatch(row.cells[place]) for row in table.rows)


def _why_without_days(table: _Table) -> str:
    why = "it has totals of a range without days. The days are in the chart and in the totals."
    if len(table.rows) > _MOST_ROWS:
        return f"{why} It has {_MOST_ROWS} rows, with which YouTube cuts such tables off."
    return why


def _of_videos(table: _Table) -> Iterator[Found]:
    figure = table.names[-1]
    if reason := why_not_summed(figure):
        yield left_out(table.part, f"“{figure}” cannot be added up: {reason}.")
        return
    for row in table.rows:
        yield _total(row, len(table.names) - 1, figure, path=row.cells[1].lstrip())


def _keep_totals(table: _Table, totals: dict[_Cell, tuple[Place, int]]) -> Iterator[Found]:
    """Yields what is no total."""
    for place, figure in enumerate(table.names[1:], 1):
        if reason := why_not_summed(figure):
            yield Note(f"{table.part.name}, “{figure}”, is left out: {reason}.", len(table.rows))
            continue
        for row in table.rows:
            total = _total(row, place, figure, path=REST)
            if isinstance(total, DayTotal):
                totals[_Cell(total.day, total.name)] = total.place, total.count
            elif any(map(str.isdigit, row.cells[0])):
                # The row without a day is the total of all days.
                yield total


def _rests(totals: dict[_Cell, tuple[Place, int]], of_videos: dict[_Cell, dict[str, int]]) -> Iterator[Found]:
    for cell, (place, total) in totals.items():
        rest = total - sum(of_videos.get(cell, {}).values())
        if rest < 0:
            reason = "the videos of the day have more than the channel: the files are of different downloads"
            yield Unusable(place, reason)
        else:
            yield DayTotal(place, cell.day, cell.figure, REST, rest)


def _total(row: Row, place: int, figure: str, path: str) -> DayTotal | Unusable:
    name = PAGEVIEW if figure.lower() == _VIEWS else figure
    try:
        # An empty cell is a day on which nothing happened.
        return DayTotal(row.place, _day_of(row.cells[0]), name, path, whole(figure, row.cells[place] or "0"))
    except InvalidValue as error:
        return Unusable(row.place, str(error), ",".join(row.cells))


def _day_of(text: str) -> date:
    """Raises InvalidValue."""
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise InvalidValue(
            f"{text[:40]!r} is no day such as 2026-03-01: a spreadsheet may have saved the file anew"
        ) from None
