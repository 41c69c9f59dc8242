"""Reports as files: XLSX and CSV, made of plain values."""

from reports.files import ReportFormat, filename, write
from reports.report import AssetLine, Detail, Period, RankedLine, Report

__all__ = [
    "AssetLine",
    "Detail",
    "Period",
    "RankedLine",
    "Report",
    "ReportFormat",
    "filename",
    "write",
]
