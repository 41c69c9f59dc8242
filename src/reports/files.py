"""The formats of reports, and the names of their files."""

from datetime import date
from enum import Enum
from typing import IO, NamedTuple

from reports.report import Report, ReportRows
from reports.table import CsvDialect, write_csv
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


class ReportForm(NamedTuple):
    format: ReportFormat = ReportFormat.XLSX
    dialect: CsvDialect = CsvDialect()
    """Of CSV alone."""
    rows: ReportRows = ReportRows.DEVICES


def write(report: Report, form: ReportForm, file: IO[bytes]) -> None:
    """This takes a while, so it must not run in the event loop."""
    if form.format is ReportFormat.CSV:
        write_csv(report, file, form.dialect)
        return
    # A server starts sooner without loading what only workbooks need.
    from reports.workbook import write_workbook

    write_workbook(report, file)


def filename(name: str, first_day: date, last_day: date, format: ReportFormat) -> str:
    """A name such as `Works 2023-06-01 to 2023-06-30.xlsx`."""
    called = in_filename(name, _LONGEST_NAME) or "Report"
    return f"{called} {first_day} to {last_day}.{format.value}"
