"""Reports as files: XLSX and CSV, made of plain values."""

from reports.files import ReportFormat, filename, write
from reports.report import AssetLine, Counted, Detail, Period, RankedLine, Report, summed

__all__ = [
    "AssetLine",
    "Counted",
    "Detail",
    "Period",
    "RankedLine",
    "Report",
    "ReportFormat",
    "filename",
    "summed",
    "write",
]
