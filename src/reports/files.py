"""The formats of reports, and the names of their files."""

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import IO

from reports.report import Report
from reports.table import write_csv
from reports.text import in_filename

_LONGEST_NAME = 80


class ReportFormat(Enum):
    XLSX = "xlsx"
    CSV = "csv"

    @property
    def content_type(self) -> str:
        return _CONTENT_TYPES[self]


_CONTENT_TYPES = {
    ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.CSV: "text/csv; charset=utf-8",
}


def write(report: Report, format: ReportFormat, file: IO[bytes]) -> None:
    """This takes a while, so it must not run in the event loop."""
    _writer(format)(report, file)


def _writer(format: ReportFormat) -> Callable[[Report, IO[bytes]], None]:
    if format is ReportFormat.CSV:
        return write_csv
    # A server starts sooner without loading what only workbooks need.
    from reports.workbook import write_workbook

    return write_workbook


def filename(name: str, first_day: date, last_day: date, format: ReportFormat) -> str:
    """A name such as `Works 2023-06-01 to 2023-06-30.xlsx`."""
    called = in_filename(name, _LONGEST_NAME) or "Report"
    return f"{called} {first_day} to {last_day}.{format.value}"
