"""Rows of CSV, separated by commas, semicolons or tabs: the header shows by which."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from ingest.file_columns import COLUMNS, ColumnPath, column_paths, knows, values_of
from ingest.file_lines import TOO_LONG, InvalidFile, StoredLine, readable
from ingest.file_rows import Row, unreadable

_COMMA: Final = ","
_TAB: Final = "\t"
_SEPARATORS: Final = (_COMMA, ";", _TAB)
_HINT: Final = re.compile(rb'"?sep=."?\s*')
"""This line says to Excel what separates the cells."""
_NULL: Final = r"\N"
"""For what is absent, databases write this between tabs."""


class CsvRows:
    def __init__(self, lines: Iterable[StoredLine], known: Mapping[str, ColumnPath] = COLUMNS) -> None:
        self._lines = iter(lines)
        self._known = known
        self._taken: list[str] = []
        """The lines of the row that is being read."""
        self._has_long_line = False
        self._has_other_bytes = False

    def __iter__(self) -> Iterator[Row]:
        """Raises InvalidFile."""
        first = self._header()
        if first is None:
            return
        header = _decoded(first.text or b"")
        if "\r" in header.rstrip("\r\n"):
            raise InvalidFile("Its lines end with CR alone: save it with lines that end with LF or CRLF.")
        separator = _separator_of(header, self._known)
        rows = csv.reader(chain([header], self._texts()), strict=True, delimiter=separator)
        paths = _paths(rows, self._known)
        before = first.number - 1
        while True:
            self._taken.clear()
            self._has_long_line = self._has_other_bytes = False
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

    def _header(self) -> StoredLine | None:
        for line in self._lines:
            if line.text is None:
                raise InvalidFile(f"The header is {TOO_LONG}.")
            if line.text.strip() and not _HINT.fullmatch(line.text):
                return line
        return None

    def _texts(self) -> Iterator[str]:
        for _, line in self._lines:
            self._has_long_line |= line is None
            try:
                text = (line or b"\n").decode()
            except UnicodeDecodeError:
                text = _decoded(line or b"\n")
                self._has_other_bytes = True
            self._taken.append(text)
            yield text

    def _text(self) -> str:
        return _readable("".join(self._taken).rstrip("\r\n"))

    def _row(self, number: int, paths: list[ColumnPath], cells: list[str], separator: str) -> Row:
        if len(cells) != len(paths):
            problem = f"{len(cells)} cells under a header of {len(paths)}"
            return Row(number, None, problem, self._text())
        given = [cell or None for cell in cells]
        if separator == _TAB:
            given = [None if cell == _NULL else cell for cell in given]
        problem = _not_utf_8(paths, given) if self._has_other_bytes else ""
        if problem:
            shown = [
                cell if cell is None or _is_readable(cell) else unreadable(_readable(cell)) for cell in given
            ]
            return Row(number, values_of(paths, shown), problem)
        return Row(number, values_of(paths, given))


def _not_utf_8(paths: list[ColumnPath], cells: list[str | None]) -> str:
    """Names the first cell that is not. Empty if all such bytes are in columns that are skipped."""
    for path, cell in zip(paths, cells, strict=True):
        if cell and path and not _is_readable(cell):
            return f"Bytes that are not UTF-8 - at `$.{'.'.join(path)}`"
    return ""


def _decoded(text: bytes) -> str:
    """Bytes that are not UTF-8 become lone surrogates, so that one bad cell costs one line."""
    return text.decode("utf-8", "surrogateescape")


def _is_readable(text: str) -> bool:
    return _readable(text) == text


def _readable(text: str) -> str:
    return readable(text.encode("utf-8", "surrogateescape"))


def _separator_of(header: str, known: Mapping[str, ColumnPath]) -> str:
    """The one between the most names that are known; a comma if others do no better."""
    return max(_SEPARATORS, key=lambda separator: knows(_names(header, separator), known))


def _names(header: str, separator: str) -> Sequence[str]:
    try:
        return next(csv.reader([header], strict=True, delimiter=separator))
    except csv.Error:
        return ()


def _paths(rows: Iterator[Any], known: Mapping[str, ColumnPath]) -> list[ColumnPath]:
    try:
        return column_paths(next(rows), known)
    except csv.Error as error:
        raise InvalidFile(f"The header is no row of CSV: {error}.") from None
