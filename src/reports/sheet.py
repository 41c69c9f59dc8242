"""A sheet of a workbook that writes plain cells in less time."""

import re
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

_COLUMNS = [xl_col_to_name(place) for place in range(64)]
_NOT_PLAIN = re.compile("[&<>\x00-\x1f\ufffe\uffff]|_x|^\\s|\\s$")
"""What is not written as it is: marks of XML, what the library escapes, and blanks that have to be kept."""


class Sheet(Worksheet):  # type: ignore[misc]
    """The library looks at each attribute of each cell. A report may have 300,000 cells, and nearly all are
    numbers or short texts in a known format. The others are left to the library.
    """

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        shape = getattr(cell, "format", None)
        if not shape or col >= len(_COLUMNS):
            super()._write_cell(row, col, cell)
            return
        begin = f'<c r="{_COLUMNS[col]}{row + 1}" s="{shape._get_xf_index()}"'
        match cell.__class__.__name__:
            case "Number":
                self.fh.write(f"{begin}><v>{cell.number:.16G}</v></c>")
            case "String" if not _NOT_PLAIN.search(cell.string):
                self.fh.write(f'{begin} t="inlineStr"><is><t>{cell.string}</t></is></c>')
            case _:
                super()._write_cell(row, col, cell)
