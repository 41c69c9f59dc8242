"""Reports as files: XLSX and CSV, made of plain values."""

from reports.files import ReportForm, ReportFormat, filename, write
from reports.report import AssetLine, Detail, Period, RankedLine, Report, ReportRows
from reports.table import CsvDialect, CsvSeparator

__all__ = [
    "AssetLine",
    "CsvDialect",
    "CsvSeparator",
    "Detail",
    "Period",
    "RankedLine",
    "Report",
    "ReportForm",
    "ReportFormat",
    "ReportRows",
    "filename",
    "write",
]
