"""Files of events, read line by line. However long a file is, only a part of it is in memory at a time."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property, partial
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from base.packed import instant_in
from ingest.csv_rows import CsvRows
from ingest.file_blocks import Block, blocks_of
from ingest.file_blocks import Line as Line
from ingest.file_lines import TOO_LONG, InvalidFile, LineBlock, StoredLines
from ingest.file_rows import Row
from ingest.file_times import FileTimes
from ingest.parquet_rows import ParquetRows, RowBlock
from ingest.rejected_lines import (
    content_of_json,
    content_of_rejected,
    content_of_values,
    read_rejected_line,
)
from ingest.wire import WireEvent
from ingest.wire_columns import NotPlain, WireColumns, columns_from_lines

T = TypeVar("T")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST_PROBLEM: Final = 300
_NO_TIMES: Final = FileTimes()
_NOT_SENT: Final = "sentAt means nothing in a file: nobody knows when it arrived - at `$.sentAt`"
NO_CONTENT: Final = "a rejected line without its content, which was too long: give it an `event`"
_CHANGED: Final = (
    "{path} was changed while it was read, up to line {number}: import it again once it is complete. Events "
    "without ids count again then."
)


class Format(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


_SUFFIXES: Final = {
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".parquet": Format.PARQUET,
}


class EventFile:
    """Reading it twice gives the same events with the same ids."""

    def __init__(self, path: Path, format: Format | None = None, *, times: FileTimes = _NO_TIMES) -> None:
        self.path = path
        self.format = format or format_of(path)
        self._decode = msgspec.json.Decoder(WireEvent, dec_hook=times.read).decode
        self._convert = partial(msgspec.convert, type=WireEvent, dec_hook=times.read)
        self._lines = StoredLines(path)
        self._rows = ParquetRows(path, spark_is_utc=times.zone is None)
        self._state = path.stat()
        self._number = 0
        """Of the last line that was read."""
        self.bytes = self._state.st_size

    @property
    def bytes_read(self) -> int:
        """How much of the stored file was read: it shows the progress."""
        if self.format is Format.PARQUET:
            return int(self.bytes * self._rows.share_read)
        return self._lines.bytes_read

    def __iter__(self) -> Iterator[Line]:
        """Raises InvalidFile."""
        lines = self._ndjson() if self.format is Format.NDJSON else self._table()
        return self._checked(map(self._read, lines))

    def blocks(self, size: int) -> Iterator[Block]:
        """The same lines in blocks of so many. Raises InvalidFile."""
        if self.format is Format.NDJSON:
            return self._checked(map(self._block, self._lines.blocks(size)))
        if self.format is Format.PARQUET:
            return self._checked(self._row_blocks(size))
        return blocks_of(self, size)

    def _checked(self, items: Iterator[T]) -> Iterator[T]:
        """Raises InvalidFile if the file cannot be read, or was changed meanwhile."""
        self._number = 0
        try:
            yield from items
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidFile(f"{self.path} cannot be read after line {self._number}: {error}.") from None
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.bytes, self._state.st_mtime_ns):
            raise InvalidFile(_CHANGED.format(path=self.path, number=self._number))

    def _read(self, line: Line) -> Line:
        self._number = line.number
        return self._with_id(line)

    def _with_id(self, line: Line) -> Line:
        event = line.event
        if event is not None and event.id is None:
            event.id = str(id_of(line.content.seed or self.seed_of(line.number), event.occurred_at))
        return line

    def _block(self, block: LineBlock) -> Block:
        first, texts = block

        def lines() -> list[Line]:
            numbered = enumerate(texts, first)
            return [self._with_id(line) for number, text in numbered if (line := self._line(number, text))]

        self._number = first + len(texts) - 1
        try:
            columns = columns_from_lines(texts)
        except NotPlain:
            return Block.of(lines())
        if columns.sent_at.count(None) < columns.size:
            return Block.of(lines())
        return Block(self._with_ids(columns, first), lines, are_all_events=True)

    def _row_blocks(self, size: int) -> Iterator[Block]:
        for block in self._rows.blocks(size):
            lines = partial(self._lines_of, block)
            self._number = block.first + block.size - 1
            try:
                columns = block.events()
            except NotPlain:
                yield from blocks_of(lines(), size)
            else:
                yield Block(self._with_ids(columns, block.first), lines, are_all_events=True)

    def _lines_of(self, block: RowBlock) -> list[Line]:
        return [self._with_id(self._row(row)) for row in block.rows()]

    def _with_ids(self, columns: WireColumns, first: int) -> WireColumns:
        return columns._replace(ids=self._ids(columns, first)) if None in columns.ids else columns

    def _ids(self, columns: WireColumns, first: int) -> list[str]:
        """As given, or as `_with_id` makes them."""
        numbered = enumerate(zip(columns.ids, columns.instants, strict=True), first)
        return [
            str(id_of(self.seed_of(number), None if at is None else instant_in(at))) if id is None else id
            for number, (id, at) in numbered
        ]

    def seed_of(self, number: int) -> str:
        """Always the same for this line of this file, as 32 hexadecimal digits."""
        return blake2b(self._digest + number.to_bytes(8, "big"), digest_size=16).hexdigest()

    def _ndjson(self) -> Iterator[Line]:
        for number, text in self._lines:
            if line := self._line(number, text):
                yield line

    def _line(self, number: int, text: bytes | None) -> Line | None:
        """None for an empty line."""
        if text is None:
            return Line(number, None, TOO_LONG)
        if text.isspace():
            return None
        line = _line(number, self._decode, text)
        return line if line.event else self._mended(line, text)

    def _mended(self, line: Line, text: bytes) -> Line:
        """Reads what a line of a file of rejects has. Another line is returned with its content."""
        try:
            content = content_of_rejected(read_rejected_line(text))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return line._replace(content=content_of_json(text))
        text = content.event or content.text.encode()
        inner = _line(line.number, self._decode, text) if text else Line(line.number, None, NO_CONTENT)
        return inner._replace(content=content)

    def _table(self) -> Iterator[Line]:
        rows: Iterable[Row] = self._rows if self.format is Format.PARQUET else CsvRows(self._lines)
        yield from map(self._row, rows)

    def _row(self, row: Row) -> Line:
        number, values, problem, text = row
        line = Line(number, None, problem) if problem else _line(number, self._convert, values)
        return line if line.event else line._replace(content=content_of_values(values, text))

    @cached_property
    def _digest(self) -> bytes:
        with self.path.open("rb") as stream:
            return file_digest(stream, blake2b).digest()


def format_of(path: Path) -> Format:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in _SUFFIXES:
        raise InvalidFile(f"{path.name} does not show its format: name the format with --format.")
    return _SUFFIXES[suffixes[-1]]


def _line(number: int, read: Callable[..., WireEvent], given: Any) -> Line:
    try:
        event = read(given)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Line(number, None, str(error)[:_LONGEST_PROBLEM])
    if event.sent_at is not None:
        return Line(number, None, _NOT_SENT)
    return Line(number, event)


def id_of(seed: str, at: datetime | None) -> UUID:
    """`seed`: 32 hexadecimal digits. With a time it has version 7: such ids sort by time."""
    bits = int(seed, 16)
    version, head = 8, bits >> 80
    if at is not None:
        version, head = 7, max((at - _EPOCH) // _MILLISECOND, 0)
    return UUID(
        int=(head << 80)
        | (version << 76)
        | ((bits >> 64 & 0xFFF) << 64)
        | (0b10 << 62)
        | (bits & (1 << 62) - 1)
    )
