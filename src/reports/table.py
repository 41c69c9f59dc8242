"""A report as CSV: the sheet of assets alone."""

import csv
from io import TextIOWrapper
from typing import IO

from reports.report import ASSET_COLUMNS, Report, Value
from reports.text import clean, defused


def write_csv(report: Report, file: IO[bytes]) -> None:
    """Writes UTF-8 with a byte order mark, by which Excel knows the encoding, and CRLF."""
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(ASSET_COLUMNS)
    for line in report.lines:
        writer.writerow([_cell(value) for value in line.cells()])
    writer.writerow(["Total", "", "", *report.total(), ""])
    text.flush()
    text.detach()


def _cell(value: str | Value) -> str | Value:
    return defused(clean(value)) if isinstance(value, str) else value
