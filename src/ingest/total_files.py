"""Files of totals of days, read line by line as files of events are."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from ingest.csv_rows import CsvRows
from ingest.file_columns import TOTAL_COLUMNS
from ingest.file_lines import TOO_LONG, InvalidFile, StoredLines
from ingest.files import NO_CONTENT, Format, format_of
from ingest.rejected_lines import (
    content_of_json,
    content_of_rejected,
    content_of_values,
    read_rejected_line,
)
from ingest.wire_totals import TotalLine, WireTotal

_LONGEST_PROBLEM: Final = 300
_decode: Final = msgspec.json.Decoder(WireTotal).decode
# In CSV, numbers are texts.
_convert: Final = partial(msgspec.convert, type=WireTotal, strict=False)


class TotalFile:
    def __init__(self, path: Path, format: Format | None = None) -> None:
        """Raises InvalidFile."""
        self.path = path
        self.format = format or format_of(path)
        if self.format is Format.PARQUET:
            raise InvalidFile("Totals are read from NDJSON and CSV, not from Parquet.")
        self.bytes = path.stat().st_size
        self._lines = StoredLines(path)

    @property
    def bytes_read(self) -> int:
        return self._lines.bytes_read

    def __iter__(self) -> Iterator[TotalLine]:
        """Raises InvalidFile."""
        number = 0
        try:
            for line in self._ndjson() if self.format is Format.NDJSON else self._table():
                number = line.number
                yield line
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidFile(f"{self.path} cannot be read after line {number}: {error}.") from None

    def _ndjson(self) -> Iterator[TotalLine]:
        for number, text in self._lines:
            if text is None:
                yield TotalLine(number, None, TOO_LONG)
            elif not text.isspace():
                line = _line(number, _decode, text)
                yield line if line.total else _mended(line, text)

    def _table(self) -> Iterator[TotalLine]:
        for number, values, problem, text in CsvRows(self._lines, TOTAL_COLUMNS):
            line = TotalLine(number, None, problem) if problem else _line(number, _convert, values)
            yield line if line.total else line._replace(content=content_of_values(values, text))


def _mended(line: TotalLine, text: bytes) -> TotalLine:
    """Reads what a line of a file of rejects has. Another line is returned with its content."""
    try:
        content = content_of_rejected(read_rejected_line(text))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return line._replace(content=content_of_json(text))
    text = content.event or content.text.encode()
    inner = _line(line.number, _decode, text) if text else TotalLine(line.number, None, NO_CONTENT)
    return inner._replace(content=content)


def _line(number: int, read: Callable[..., WireTotal], given: Any) -> TotalLine:
    try:
        return TotalLine(number, read(given))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return TotalLine(number, None, str(error)[:_LONGEST_PROBLEM])
