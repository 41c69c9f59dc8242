"""YouTube Studio: its zip of `Table data.csv`, `Chart data.csv` and `Totals.csv`.

Names of columns and files are in the language of whoever downloaded them. So files are known by what is in
them: a chart has a day, a video and one figure in each row, and the totals have a day and one figure.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from msgspec.structs import replace

from exports.export import Export
from exports.found import PAGEVIEW, DayTotal, Found, Note, Unusable
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


class _Channel:
    """The days of a channel, and those of its videos that are in charts."""

    def __init__(self) -> None:
        self._of_videos: defaultdict[tuple[date, str], dict[str, int]] = defaultdict(dict)
        self._totals: dict[tuple[date, str], DayTotal] = {}

    def videos_in(self, chart: _Table) -> Iterator[Found]:
        figure = chart.names[-1]
        if reason := why_not_summed(figure):
            yield Note(f"“{figure}” is left out: {reason}.")
            return
        for row in chart.rows:
            found = _total(row, len(chart.names) - 1, figure, path=row.cells[1].lstrip())
            if isinstance(found, DayTotal):
                self._of_videos[found.day, found.name][found.path] = found.count
            yield found

    def keep(self, totals: _Table) -> Iterator[Found]:
        """Yields what is no total of a day."""
        # The row without a day is the total of all days.
        rows = [row for row in totals.rows if row.cells[0][:1].isdigit()]
        for place, figure in enumerate(totals.names[1:], 1):
            if reason := why_not_summed(figure):
                yield Note(f"“{figure}” is left out: {reason}.")
                continue
            for row in rows:
                found = _total(row, place, figure, path=REST)
                if isinstance(found, DayTotal):
                    self._totals[found.day, found.name] = found
                else:
                    yield found

    def rest(self) -> Iterator[Found]:
        for key, total in self._totals.items():
            rest = total.count - sum(self._of_videos.get(key, {}).values())
            if rest >= 0:
                yield replace(total, count=rest)
            else:
                yield Unusable(total.place, f"the videos of {total.day} have {-rest:,} more than the channel")


def read_youtube(export: Export) -> Iterator[Found]:
    """What is left of the totals comes after all files, whatever their order."""
    channel = _Channel()
    for part in export.parts:
        notes: list[Found] = []
        table = _table(part, notes)
        yield from notes
        match _second_column(table):
            case "video":
                yield from channel.videos_in(table)
            case "figure":
                yield from channel.keep(table)
            case "other":
                yield left_out(part, f"its days are by {table.names[1]}, and not by video.")
            case _:
                yield left_out(part, _why_without_days(table))
    yield from channel.rest()


def _table(part: Part, found: list[Found]) -> _Table:
    """The rows that have figures; what is to be said of others is added to `found`."""
    table = _Table(part, [], [])
    for row in rows_of(part):
        if isinstance(row, Unusable):
            found.append(row)
        elif not table.names:
            table.names.extend(name.strip() for name in row.cells)
        elif not any(row.cells[1:]) and not _is_day(row.cells[0]):
            # "Showing top 500 results", with or without commas behind it.
            found.append(Note(f"{part.name} is cut off, as its last line says: “{row.cells[0]}”"))
        elif len(row.cells) != len(table.names):
            reason = f"{len(row.cells)} cells under a header of {len(table.names)}"
            found.append(Unusable(row.place, reason, ",".join(row.cells)))
        else:
            table.rows.append(row)
    return table


def _second_column(table: _Table) -> str | None:
    """What it is in a table whose first column is a day. None for other tables."""
    if len(table.names) == 1 or not any(_is_day(row.cells[0]) for row in table.rows):
        return None
    if len(table.names) > _CHART_FIGURE and all(_VIDEO.fullmatch(row.cells[1]) for row in table.rows):
        return "video"
    return "figure" if any(row.cells[1][:1].isdigit() for row in table.rows) else "other"


def _is_day(text: str) -> bool:
    return bool(_DAY.fullmatch(text) or _DAY_OF_SPREADSHEETS.fullmatch(text))


def _why_without_days(table: _Table) -> str:
    why = "it has totals of a range without days. The days are in the chart and in the totals."
    if not table.rows:
        return "it has no rows."
    if len(table.names) == 1:
        return "it has one column, and no figures."
    if len(table.rows) > _MOST_ROWS:
        return f"{why} It has {_MOST_ROWS} rows, with which YouTube cuts such tables off."
    return why


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
