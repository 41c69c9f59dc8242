"""A report as XLSX. It is written row by row, to disk and not to memory."""

from collections.abc import Iterable, Sequence
from datetime import date
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

from xlsxwriter import Workbook

from base.calendar import DateInterval
from base.errors import BadUserInput
from figures.assets import VIEWS_3D, VIEWS_AR
from figures.figure import Figure
from reports.charts import Charts
from reports.report import RANKED, SHOWN, Report, cells, column_of, columns_of
from reports.sheet import Sheet
from reports.text import clean, shortened, width

_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_FONT = {"font_name": "Calibri", "font_size": 11}
_HEADING = {"bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top"}
_TOTAL = {"bold": True, "top": 1, "bg_color": "#EEF2F7"}
_COUNT = {"num_format": "#,##0"}
_AVERAGE = {"num_format": "#,##0.00"}
_NARROWEST = 8
_WIDEST = 60
_HEADING_WIDTH = 14
"""Longer headings are wrapped."""
_HEADING_HEIGHT = 45
_LONGEST_LABEL = 28
_A4 = 9
_MOST_LINES = 1_048_574
"""A sheet has 1,048,576 rows, of which two are headings and totals. Any further row would be lost
silently."""
_FIRST_FIGURE = 3
"""The row of the first figure in the summary. The title and the days stand above."""


class _Column(NamedTuple):
    heading: str
    format: str = "text"
    width: int = _HEADING_WIDTH


def write_workbook(report: Report, file: IO[bytes]) -> None:
    """Raises BAD_USER_INPUT if a sheet has no room for all the rows."""
    if len(report.lines) > _MOST_LINES:
        raise BadUserInput(
            f"A sheet holds {_MOST_LINES:,} rows: ask for CSV instead.", argument="format", reason="TOO_MANY"
        )
    with TemporaryDirectory() as folder:
        _Writer(report, file, folder).write()


class _Writer:
    def __init__(self, report: Report, file: IO[bytes], folder: str) -> None:
        self._report = report
        self._book = Workbook(file, {**_OPTIONS, "tmpdir": folder})
        # Workbooks have no time zones. Where this time is shown, it says UTC.
        made_at = report.made_at.replace(tzinfo=None, microsecond=0)
        self._book.set_properties({"title": f"{clean(report.name)}: asset analytics", "created": made_at})
        period = "yyyy-mm-dd" if report.interval is DateInterval.DAY else "yyyy-mm"
        shapes: dict[str, dict[str, Any]] = {
            "text": {},
            "note": {"indent": 1},
            "count": _COUNT,
            "average": _AVERAGE,
            "day": {"num_format": "yyyy-mm-dd", "align": "left"},
            "period": {"num_format": period, "align": "left"},
            "heading": _HEADING,
            "heading of numbers": {**_HEADING, "align": "right"},
            "heading of notes": {**_HEADING, "align": "left", "indent": 1},
            "title": {"bold": True, "font_size": 16},
            "label": {"bold": True, "valign": "top"},
            "wrapped": {"text_wrap": True, "valign": "top"},
            "text total": _TOTAL,
            "note total": _TOTAL,
            "count total": {**_COUNT, **_TOTAL},
            "average total": {**_AVERAGE, **_TOTAL},
        }
        self._formats = {name: self._book.add_format({**_FONT, **shape}) for name, shape in shapes.items()}

    def write(self) -> None:
        summary = self._sheet("Summary")
        self._write_assets()
        charts = Charts(self._book, self._report)
        self._write_periods()
        self._write_devices()
        self._write_top()
        self._write_filters()
        self._write_summary(summary)
        charts.insert(summary, _FIRST_FIGURE + len(SHOWN) + 3)
        self._book.close()

    def _sheet(self, name: str) -> Any:
        sheet = self._book.add_worksheet(name, Sheet)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        return sheet

    def _table(self, name: str, columns: Sequence[_Column], rows: int) -> Any:
        """A sheet whose headings stay in sight; `rows` are those that can be filtered."""
        sheet = self._sheet(name)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_row(0, _HEADING_HEIGHT)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            shape = _HEADINGS.get(column.format, "heading")
            sheet.write_string(0, place, column.heading, self._formats[shape])
        if rows:
            sheet.autofilter(0, 0, rows, len(columns) - 1)
        return sheet

    def _rows(
        self,
        sheet: Any,
        first: int,
        columns: Sequence[_Column],
        rows: Iterable[Iterable[Any]],
        suffix: str = "",
    ) -> None:
        shapes = [self._formats[column.format + suffix] for column in columns]
        days = [self._formats["day" if column.format == "text" else column.format] for column in columns]
        for row, values in enumerate(rows, first):
            for place, (shape, value) in enumerate(zip(shapes, values, strict=True)):
                if isinstance(value, str):
                    if value:
                        sheet.write_string(row, place, clean(value), shape)
                    else:
                        sheet.write_blank(row, place, None, shape)
                elif isinstance(value, date):
                    sheet.write_datetime(row, place, value, days[place])
                else:
                    sheet.write_number(row, place, value, shape)

    def _row(
        self, sheet: Any, row: int, columns: Sequence[_Column], cells: Iterable[Any], suffix: str = ""
    ) -> None:
        self._rows(sheet, row, columns, [cells], suffix)

    def _write_assets(self) -> None:
        lines = self._report.lines
        columns = [
            _Column("Asset", width=_fitting({line.asset for line in lines})),
            _Column("Workspace", width=_fitting({line.workspace for line in lines})),
            _Column(self._report.rows.value, width=12),
            *map(_of_figure, SHOWN),
            _Column("Asset id", "note", 32),
        ]
        assert tuple(column.heading for column in columns) == self._report.rows.columns
        sheet = self._table("Assets", columns, len(lines))
        sheet.freeze_panes(1, 1)
        self._rows(sheet, 1, columns, zip(*columns_of(lines), strict=True))
        total = ("Total", "", "", *self._report.total(), "")
        self._row(sheet, len(lines) + 1, columns, total, " total")

    def _write_periods(self) -> None:
        periods = self._report.periods
        columns = [
            _Column("Day" if self._report.interval is DateInterval.DAY else "Month", "period"),
            _of_figure(VIEWS_3D),
            _of_figure(VIEWS_AR),
            _Column("Covered", "note"),
        ]
        sheet = self._table("Views over time", columns, len(periods))
        for row, period in enumerate(periods, 1):
            covered = "in part" if period.is_partial else "whole"
            self._row(sheet, row, columns, (period.first_day, period.views_3d, period.views_ar, covered))
        total = sum(period.views_3d for period in periods), sum(period.views_ar for period in periods)
        self._total(sheet, len(periods) + 1, columns, (*total, ""))

    def _write_devices(self) -> None:
        columns = [_Column("Device"), *map(_of_figure, SHOWN)]
        sheet = self._table("Devices", columns, len(self._report.devices))
        for row, (device, totals) in enumerate(self._report.devices, 1):
            self._row(sheet, row, columns, (device, *cells(SHOWN, totals)))
        self._total(sheet, len(self._report.devices) + 1, columns, self._report.total())

    def _total(self, sheet: Any, row: int, columns: Sequence[_Column], cells: Iterable[Any]) -> None:
        headed = [columns[0]._replace(format="text"), *columns[1:]]
        self._row(sheet, row, headed, ("Total", *cells), " total")

    def _write_top(self) -> None:
        top = self._report.top
        columns = [
            _Column("Rank", "count", _NARROWEST),
            _Column("Asset", "note", _fitting(line.asset for line in top)),
            *map(_of_figure, RANKED),
            _Column("In the chart", "note", _LONGEST_LABEL + 4),
        ]
        sheet = self._table("Top assets", columns, len(top))
        for row, line in enumerate(top, 1):
            self._row(sheet, row, columns, (*line.cells(), label(line.asset)))

    def _write_filters(self) -> None:
        sheet = self._sheet("Filters")
        details = self._report.details
        sheet.set_column(0, 0, max(_fitting(detail.label for detail in details), 30))
        sheet.set_column(1, 1, _WIDEST + 10)
        sheet.freeze_panes(1, 0)
        self._pairs(sheet, 0, "What was asked", details)
        self._pairs(sheet, len(details) + 2, "What the columns mean", map(column_of, SHOWN))

    def _pairs(self, sheet: Any, row: int, heading: str, pairs: Iterable[tuple[str, str]]) -> None:
        sheet.write_string(row, 0, heading, self._formats["heading"])
        sheet.write_blank(row, 1, None, self._formats["heading"])
        for place, (name, text) in enumerate(pairs, row + 1):
            sheet.write_string(place, 0, clean(name), self._formats["label"])
            sheet.write_string(place, 1, clean(text), self._formats["wrapped"])

    def _write_summary(self, sheet: Any) -> None:
        report = self._report
        sheet.hide_gridlines(2)
        sheet.set_portrait()
        sheet.fit_to_pages(1, 1)
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, 1, 16)
        sheet.write_string(0, 0, clean(report.name), self._formats["title"])
        touched = f"{report.first_day.isoformat()} to {report.last_day.isoformat()}"
        sheet.write_string(1, 0, touched, self._formats["text"])
        for row, (figure, value) in enumerate(zip(SHOWN, report.total(), strict=True), _FIRST_FIGURE):
            sheet.write_string(row, 0, column_of(figure).heading, self._formats["label"])
            sheet.write_number(row, 1, value, self._formats[_of_figure(figure).format])
        made_at = report.made_at.strftime("%Y-%m-%d %H:%M:%S UTC")
        sheet.write_string(_FIRST_FIGURE + len(SHOWN) + 1, 0, f"Made at {made_at}", self._formats["text"])


_HEADINGS = {
    "count": "heading of numbers",
    "average": "heading of numbers",
    "note": "heading of notes",
}


def _of_figure(figure: Figure[Any]) -> _Column:
    heading = column_of(figure).heading
    if figure.value is int:
        return _Column(heading, "count")
    return _Column(heading, "average", _HEADING_WIDTH + 3)


def label(name: str) -> str:
    """The name as an axis shows it: a chart has no room for 200 characters."""
    return shortened(clean(name), _LONGEST_LABEL)


def _fitting(texts: Iterable[str]) -> int:
    return min(max([_HEADING_WIDTH, *(width(text) + 2 for text in texts)]), _WIDEST)
