"""The charts of a workbook: each shows a table of another sheet."""

from collections.abc import Sequence
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.chart_line import ChartLine

from base.calendar import DateInterval
from figures.assets import VIEWS_3D, VIEWS_AR
from figures.figure import Figure
from reports.report import RANKED, SHOWN, Report, column_of

_COLOURS = {VIEWS_3D: "#2F6DB5", VIEWS_AR: "#E58A2B"}
_GRID = {"visible": True, "line": {"color": "#D9D9D9", "width": 0.75}}
_TICKS = 12
_LINES = 5
_MOST_COLUMNS = 31
_WIDE = {"width": 960, "height": 320}
_NARROW = {"width": 472, "height": 340}
_ROW_PIXELS = 20


class Charts:
    def __init__(self, book: Workbook, report: Report) -> None:
        self._book = book
        self._report = report

    def insert(self, sheet: Any, row: int) -> None:
        """The chart over time is above; those of devices and top assets are side by side below."""
        below = row + _WIDE["height"] // _ROW_PIXELS + 2
        sheet.insert_chart(row, 0, self._over_time(), {"object_position": 3})
        sheet.insert_chart(below, 0, self._by_device(), {"object_position": 3})
        if self._report.top:
            sheet.insert_chart(
                below, 0, self._top_assets(), {"x_offset": _NARROW["width"] + 16, "object_position": 3}
            )

    def _over_time(self) -> Any:
        by_day = self._report.interval is DateInterval.DAY
        periods = self._report.periods
        chart = self._book.add_chart({"type": "column" if len(periods) <= _MOST_COLUMNS else "line"})
        in_3d = [period.views_3d for period in periods]
        in_ar = [period.views_ar for period in periods]
        self._add(chart, "Views over time", 1, VIEWS_3D, in_3d)
        self._add(chart, "Views over time", 2, VIEWS_AR, in_ar)
        _title(chart, "Views by day" if by_day else "Views by month")
        every = -(-len(periods) // _TICKS)
        chart.set_x_axis(
            {
                "num_format": "yyyy-mm-dd" if by_day else "yyyy-mm",
                "num_font": {"rotation": -45},
                "text_axis": True,
                "interval_unit": every,
                "interval_tick": every,
            }
        )
        chart.set_y_axis(_counts("Views", [*in_3d, *in_ar]))
        chart.set_size(_WIDE)
        return chart

    def _by_device(self) -> Any:
        chart = self._book.add_chart({"type": "column"})
        devices = [totals for _, totals in self._report.devices]
        in_3d, in_ar = ([figure.of(totals) for totals in devices] for figure in (VIEWS_3D, VIEWS_AR))
        self._add(chart, "Devices", 1 + SHOWN.index(VIEWS_3D), VIEWS_3D, in_3d)
        self._add(chart, "Devices", 1 + SHOWN.index(VIEWS_AR), VIEWS_AR, in_ar)
        _title(chart, "Views by device")
        chart.set_y_axis(_counts("Views", [*in_3d, *in_ar]))
        chart.set_size(_NARROW)
        return chart

    def _top_assets(self) -> Any:
        chart = self._book.add_chart({"type": "bar"})
        views = [VIEWS_3D.of(line.totals) for line in self._report.top]
        column = 2 + RANKED.index(VIEWS_3D)
        # The last column has the names as an axis shows them.
        self._add(chart, "Top assets", column, VIEWS_3D, views, categories=2 + len(RANKED))
        _title(chart, "Top assets by 3D views")
        # The first asset is on top, and the other axis below all.
        chart.set_y_axis({"reverse": True, "crossing": "max", "major_gridlines": {"visible": False}})
        chart.set_x_axis(_counts("3D views", views))
        chart.set_legend({"none": True})
        chart.set_size(_NARROW)
        return chart

    def _add(
        self,
        chart: Any,
        sheet: str,
        column: int,
        figure: Figure[int],
        values: Sequence[int],
        *,
        categories: int = 0,
    ) -> None:
        """The chart keeps the values, too, for previews that compute nothing."""
        is_line = isinstance(chart, ChartLine)
        colour = {"color": _COLOURS[figure]}
        shape = {"line": {**colour, "width": 2}} if is_line else {"fill": colour, "border": {"none": True}}
        chart.add_series(
            {
                "name": column_of(figure).heading,
                "categories": [sheet, 1, categories, len(values), categories],
                "values": [sheet, 1, column, len(values), column],
                "values_data": list(values),
                "gap": 60,
                "overlap": 0,
                **shape,
            }
        )


def _title(chart: Any, text: str) -> None:
    chart.set_title({"name": text, "name_font": {"size": 13}, "overlay": False})
    chart.set_legend({"position": "bottom"})


def _counts(name: str, values: Sequence[int]) -> dict[str, Any]:
    """An axis of whole numbers, from 0."""
    return {
        "name": name,
        "num_format": "#,##0",
        "min": 0,
        "major_unit": step(max(values)),
        "major_gridlines": _GRID,
    }


def step(most: int) -> int:
    """The distance between two grid lines: 1, 2 or 5 times a power of ten, so that about five lines are
    enough."""
    wanted = most / _LINES
    power = 1
    while power * 10 <= wanted:
        power *= 10
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= wanted)
