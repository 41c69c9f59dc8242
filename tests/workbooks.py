"""Reports, read back."""

import csv
from base64 import b64decode
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import unescape

HEADINGS = [
    "Asset",
    "Workspace",
    "Device",
    "3D views",
    "AR views by click",
    "AR views by scan",
    "AR views",
    "Engaged views",
    "Interactions",
    "Interactions per engaged view",
    "Asset id",
]
SHEETS = ["Summary", "Assets", "Views over time", "Devices", "Top assets", "Filters"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(document: str | bytes) -> Workbook:
    """`document` as bytes, or as the API has it."""
    return load_workbook(BytesIO(document if isinstance(document, bytes) else b64decode(document)))


def rows(book: Workbook, sheet: str) -> list[list[Any]]:
    """What the cells hold; an empty one is None."""
    return [[_read(cell) for cell in row] for row in book[sheet].iter_rows(values_only=True)]


def _read(cell: Any) -> Any:
    """openpyxl leaves texts within cells as they are written: `_x005F_` for an underline that is one."""
    return unescape(cell) if isinstance(cell, str) else cell


def types(book: Workbook, sheet: str) -> set[str]:
    """`s` for texts, `n` for numbers, `f` for formulas, `d` for days."""
    return {cell.data_type for row in book[sheet].iter_rows() for cell in row if cell.value is not None}


def charts(document: bytes) -> list[str]:
    """The XML of each."""
    with ZipFile(BytesIO(document)) as parts:
        return [parts.read(name).decode() for name in sorted(parts.namelist()) if "charts/chart" in name]


def table(document: bytes) -> list[list[str]]:
    """Of a CSV file with the mark at its start and CRLF behind each line."""
    text = document.decode()
    assert text.startswith("\ufeff")
    assert text.count("\n") == text.count("\r\n")
    return list(csv.reader(StringIO(text[1:], newline="")))
