"""Files of events, read line by line. However long a file is, only a part of it is in memory at a time."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

import msgspec

from base.packed import instant_in
from ingest.csv_rows import CsvRows
from ingest.event_columns import have_none
from ingest.file_blocks import Block, blocks_of
from ingest.file_blocks import Line as Line
from ingest.file_lines import TOO_LONG, InvalidFile, LineBlock, StoredLines
from ingest.file_rows import Row
from ingest.file_times import FileTimes
from ingest.line_ids import id_of
from ingest.occurrences import Occurrences
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
_LONGEST_PROBLEM: Final = 300
_NO_TIMES: Final = FileTimes()
_NOT_SENT: Final = "sentAt means nothing in a file: nobody knows when it arrived - at `$.sentAt`"
NO_CONTENT: Final = "a rejected line without its content, which was too long: give it an `event`"
_CHANGED: Final = (
    "{path} was changed while it was read, up to line {number}: import it again once it is complete."
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


_LINES_AT_A_TIME: Final = 8
_encoder: Final = msgspec.json.Encoder(order="sorted", enc_hook=str)
_Keyed: TypeAlias = tuple[Line, bytes]
"""A line, and the digest of its content."""


class EventFile:
    """Reading it twice gives the same events with the same ids.

    The id of a line without one is made from its content, and from how often that occurred before in the
    file. So it is the same in another file with the same line.
    """

    def __init__(
        self,
        path: Path,
        format: Format | None = None,
        *,
        times: FileTimes = _NO_TIMES,
        apart: str = "",
    ) -> None:
        """`apart`: a name for lines without ids. The same line under another name is another event."""
        self.path = path
        self.format = format or format_of(path)
        self._decode = msgspec.json.Decoder(WireEvent, dec_hook=times.read).decode
        self._convert = partial(msgspec.convert, type=WireEvent, dec_hook=times.read)
        self._lines = StoredLines(path)
        self._rows = ParquetRows(path, spark_is_utc=times.zone is None)
        self._state = path.stat()
        self._apart = blake2b(apart.encode()).digest() if apart else b""
        self._occurrences = Occurrences()
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
        return self._checked(self._read(lines))

    def blocks(self, size: int) -> Iterator[Block]:
        """The same lines in blocks of so many. Raises InvalidFile."""
        if self.format is Format.NDJSON:
            return self._checked(map(self._block, self._lines.blocks(size)))
        if self.format is Format.PARQUET:
            return self._checked(map(self._row_block, self._rows.blocks(size)))
        return blocks_of(self, size)

    def _checked(self, items: Iterator[T]) -> Iterator[T]:
        """Raises InvalidFile if the file cannot be read, or was changed meanwhile."""
        self._number, self._occurrences = 0, Occurrences()
        try:
            yield from items
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidFile(f"{self.path} cannot be read after line {self._number}: {error}.") from None
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.bytes, self._state.st_mtime_ns):
            raise InvalidFile(_CHANGED.format(path=self.path, number=self._number))

    def _read(self, lines: Iterator[_Keyed]) -> Iterator[Line]:
        """What was read before an error comes before the error."""
        error: Exception | None = None
        while error is None:
            some: list[_Keyed] = []
            try:
                some.extend(islice(lines, _LINES_AT_A_TIME))
            except (OSError, EOFError, zlib.error) as raised:
                error = raised
            if not some and error is None:
                return
            for line in self._with_ids(some):
                self._number = line.number
                yield line
        raise error

    def _with_ids(self, keyed: Sequence[_Keyed]) -> list[Line]:
        """The events have ids, and what is no event has the seed of one."""
        bare = [digest for line, digest in keyed if _needs_seed(line)]
        seeds = iter(self._seeds(bare))
        return [_seeded(line, next(seeds)) if _needs_seed(line) else _seeded(line, "") for line, _ in keyed]

    def _block(self, block: LineBlock) -> Block:
        first, texts = block
        self._number = first + len(texts) - 1
        try:
            columns = columns_from_lines(texts)
        except NotPlain:
            return Block.of(self._lines_of(block))
        if columns.sent_at.count(None) < columns.size:
            return Block.of(self._lines_of(block))
        return self._plain(
            columns,
            lambda: [self._digest(text.strip()) for text in texts if text],
            lambda: [self._line(number, text) for number, text in enumerate(texts, first)],
        )

    def _row_block(self, block: RowBlock) -> Block:
        self._number = block.first + block.size - 1
        try:
            columns = block.events()
        except NotPlain:
            return Block.of(self._with_ids([self._row(row) for row in block.rows()]))
        return self._plain(columns, partial(self._digests_of, block), partial(self._lines_in, block))

    def _digests_of(self, block: RowBlock) -> list[bytes]:
        return [self._digest_of_row(row) for row in block.rows()]

    def _lines_in(self, block: RowBlock) -> list[Line]:
        return [self._row(row)[0] for row in block.rows()]

    def _plain(
        self,
        columns: WireColumns,
        digests: Callable[[], list[bytes]],
        read: Callable[[], Sequence[Line | None]],
    ) -> Block:
        """A block of nothing but events. `digests`: of the content of each. `read`: what it was made of."""
        if have_none(columns.ids):
            columns = columns._replace(ids=self._ids(columns, digests()))

        def lines() -> list[Line]:
            found = [line for line in read() if line and line.event]
            for line, id in zip(found, columns.ids, strict=True):
                cast(WireEvent, line.event).id = id
            return found

        return Block(columns, lines, are_all_events=True)

    def _lines_of(self, block: LineBlock) -> list[Line]:
        numbered = enumerate(block.texts, block.first)
        return self._with_ids(
            [
                (line, self._digest_of(number, text))
                for number, text in numbered
                if (line := self._line(number, text))
            ]
        )

    def _ids(self, columns: WireColumns, digests: Sequence[bytes]) -> list[str]:
        """As given, or as `_with_ids` makes them."""
        bare = [digest for id, digest in zip(columns.ids, digests, strict=True) if id is None]
        seeds = iter(self._seeds(bare))
        return [
            str(id_of(next(seeds), None if at is None else instant_in(at))) if id is None else id
            for id, at in zip(columns.ids, columns.instants, strict=True)
        ]

    def _digest(self, content: bytes) -> bytes:
        return blake2b(content, digest_size=16, key=self._apart).digest()

    def _digest_of(self, number: int, text: bytes | None) -> bytes:
        """A line that is too long has no content: nobody can say whether it stands in another file, too."""
        return self._digest(f"line {number}".encode() if text is None else text.strip())

    def _seeds(self, digests: Sequence[bytes]) -> list[str]:
        """Of each an id is made: 32 hexadecimal digits."""
        return [
            blake2b(digest + number.to_bytes(8, "big"), digest_size=16).hexdigest()
            if number
            else digest.hex()
            for digest, number in zip(digests, self._occurrences.before(digests), strict=True)
        ]

    def _ndjson(self) -> Iterator[_Keyed]:
        for number, text in self._lines:
            if line := self._line(number, text):
                yield line, self._digest_of(number, text)

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

    def _table(self) -> Iterator[_Keyed]:
        rows: Iterable[Row] = self._rows if self.format is Format.PARQUET else CsvRows(self._lines)
        yield from map(self._row, rows)

    def _row(self, row: Row) -> _Keyed:
        number, values, problem, text = row
        line = Line(number, None, problem) if problem else _line(number, self._convert, values)
        line = line if line.event else line._replace(content=content_of_values(values, text))
        return line, self._digest_of_row(row)

    def _digest_of_row(self, row: Row) -> bytes:
        _, values, _, text = row
        return self._digest(text.encode() if values is None else _encoder.encode(values))


def format_of(path: Path) -> Format:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in _SUFFIXES:
        raise InvalidFile(f"{path.name} does not show its format: name the format with --format.")
    return _SUFFIXES[suffixes[-1]]


def _needs_seed(line: Line) -> bool:
    return not line.content.seed and (line.event is None or line.event.id is None)


def _seeded(line: Line, seed: str) -> Line:
    """`seed` is empty if the line has one, or an id."""
    seed = seed or line.content.seed or ""
    if line.event is None:
        return line._replace(content=line.content._replace(seed=seed))
    if line.event.id is None:
        line.event.id = str(id_of(seed, line.event.occurred_at))
    return line


def _line(number: int, read: Callable[..., WireEvent], given: Any) -> Line:
    try:
        event = read(given)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Line(number, None, str(error)[:_LONGEST_PROBLEM])
    if event.sent_at is not None:
        return Line(number, None, _NOT_SENT)
    return Line(number, event)
