"""Rows of CSV, separated by commas, semicolons or tabs: the header shows by which."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from ingest.file_columns import COLUMNS, ColumnPath, column_paths, knows, values_of
from ingest.file_lines import TOO_LONG, InvalidFile, StoredLine, readable
from ingest.file_rows import Row

_COMMA: Final = ","
_TAB: Final = "\t"
_SEPARATORS: Final = (_COMMA, ";", _TAB)
_NULL: Final = r"\N"
"""For what is absent, databases write this between tabs."""


class CsvRows:
    def __init__(self, lines: Iterable[StoredLine]) -> None:
        self._lines = iter(lines)
        self._taken: list[str] = []
        """The lines of the row that is being read."""
        self._has_long_line = False

    def __iter__(self) -> Iterator[Row]:
        """Raises InvalidFile."""
        first = next((line for line in self._lines if line.text is None or line.text.strip()), None)
        if first is None:
            return
        if first.text is None:
            raise InvalidFile(f"The header is {TOO_LONG}.")
        header = _decoded(first.text)
        separator = _separator_of(header)
        rows = csv.reader(chain([header], self._texts()), strict=True, delimiter=separator)
        paths = _paths(rows)
        before = first.number - 1
        while True:
            self._taken.clear()
            self._has_long_line = False
            number = before + rows.line_num + 1
            try:
                cells = next(rows, None)
            except csv.Error as error:
                yield Row(number, None, str(error), self._text())
                continue
            if cells is None:
                return
            if self._has_long_line:
                yield Row(number, None, TOO_LONG)
            elif cells:
                yield self._row(number, paths, cells, separator)

    def _texts(self) -> Iterator[str]:
        for _, text in self._lines:
            self._has_long_line |= text is None
            self._taken.append(_decoded(text or b"\n"))
            yield self._taken[-1]

    def _text(self) -> str:
        return _readable("".join(self._taken).rstrip("\r\n"))

    def _row(self, number: int, paths: list[ColumnPath], cells: list[str], separator: str) -> Row:
        if len(cells) != len(paths):
            problem = f"{len(cells)} cells under a header of {len(paths)}"
            return Row(number, None, problem, self._text())
        absent = ("", _NULL) if separator == _TAB else ("",)
        given = [None if cell in absent else cell for cell in cells]
        for path, cell in zip(paths, given, strict=True):
            if cell and path and not cell.isascii() and _readable(cell) != cell:
                problem = f"Bytes that are not UTF-8 - at `$.{'.'.join(path)}`"
                return Row(number, values_of(paths, [cell and _readable(cell) for cell in given]), problem)
        return Row(number, values_of(paths, given))


def _decoded(text: bytes) -> str:
    """Bytes that are not UTF-8 become lone surrogates, so that one bad cell costs one line."""
    return text.decode("utf-8", "surrogateescape")


def _readable(text: str) -> str:
    return readable(text.encode("utf-8", "surrogateescape"))


def _separator_of(header: str) -> str:
    """The one between the most names that are known; a comma if others do no better."""
    return max(_SEPARATORS, key=lambda separator: knows(_names(header, separator), COLUMNS))


def _names(header: str, separator: str) -> Sequence[str]:
    try:
        return next(csv.reader([header], strict=True, delimiter=separator))
    except csv.Error:
        return ()


def _paths(rows: Iterator[Any]) -> list[ColumnPath]:
    try:
        return column_paths(next(rows), COLUMNS)
    except csv.Error as error:
        raise InvalidFile(f"The header is no row of CSV: {error}.") from None
