"""The charts of a workbook: each shows a table of another sheet."""

from collections.abc import Sequence
from typing import Any

from xlsxwriter import Workbook

from base.calendar import DateInterval
from reports.report import Report

_COLOURS = {"3D views": "#2F6DB5", "AR views": "#E58A2B"}
_GRID = {"visible": True, "line": {"color": "#D9D9D9", "width": 0.75}}
_TICKS = 12
_WIDE = {"width": 960, "height": 320}
_NARROW = {"width": 472, "height": 340}
_ROW_PIXELS = 20


class Charts:
    def __init__(self, book: Workbook, report: Report) -> None:
        self._book = book
        self._report = report

    def insert(self, sheet: Any, row: int) -> None:
        """Over time above, devices and the top assets side by side below."""
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
        chart = self._book.add_chart({"type": "line" if by_day else "column"})
        for place, name in enumerate(_COLOURS, 1):
            values = [period.views_3d if place == 1 else period.views_ar for period in periods]
            self._add(chart, "Views over time", place, name, values)
        _title(chart, "Views by day" if by_day else "Views by month")
        axis = {"num_format": "yyyy-mm-dd" if by_day else "yyyy-mm", "text_axis": True}
        spread = {"interval_unit": -(-len(periods) // _TICKS), "interval_tick": -(-len(periods) // _TICKS)}
        chart.set_x_axis({**axis, **spread, "num_font": {"rotation": -45}})
        chart.set_y_axis(_counts("Views"))
        chart.set_size(_WIDE)
        return chart

    def _by_device(self) -> Any:
        chart = self._book.add_chart({"type": "column"})
        devices = [counted for _, counted in self._report.devices]
        self._add(chart, "Devices", 1, "3D views", [counted.views_3d for counted in devices])
        self._add(chart, "Devices", 4, "AR views", [counted.views_ar for counted in devices])
        _title(chart, "Views by device")
        chart.set_y_axis(_counts("Views"))
        chart.set_size(_NARROW)
        return chart

    def _top_assets(self) -> Any:
        chart = self._book.add_chart({"type": "bar"})
        top = self._report.top
        self._add(chart, "Top assets", 2, "3D views", [line.views_3d for line in top], categories=6)
        _title(chart, "Top assets by 3D views")
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({**_counts("3D views"), "major_gridlines": _GRID})
        chart.set_legend({"none": True})
        chart.set_size(_NARROW)
        return chart

    def _add(
        self,
        chart: Any,
        sheet: str,
        column: int,
        name: str,
        values: Sequence[int],
        *,
        categories: int = 0,
    ) -> None:
        """The values are kept in the chart, too: a preview that computes nothing shows them."""
        chart.add_series(
            {
                "name": name,
                "categories": [sheet, 1, categories, len(values), categories],
                "values": [sheet, 1, column, len(values), column],
                "values_data": list(values),
                "fill": {"color": _COLOURS[name]},
                "line": {"color": _COLOURS[name], "width": 2},
                "gap": 60,
            }
        )


def _title(chart: Any, text: str) -> None:
    chart.set_title({"name": text, "name_font": {"size": 13}, "overlay": False})
    chart.set_legend({"position": "bottom"})


def _counts(name: str) -> dict[str, Any]:
    """An axis of whole numbers, from 0."""
    return {"name": name, "num_format": "#,##0", "min": 0, "major_gridlines": _GRID}
