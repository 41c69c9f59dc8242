"""Files of events, read line by line. However long a file is, only a part of it is in memory at a time."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property, partial
from hashlib import blake2b, file_digest
from importlib import import_module
from io import BufferedIOBase, BufferedReader, FileIO
from pathlib import Path
from typing import Any, NamedTuple, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from base.instants import Instant, aware, instant_in_file, local_instant
from ingest.wire import WireEvent, WireSubject

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_BUFFER = 1 << 20
_LONGEST_LINE = 1_000_000
_LONGEST_PROBLEM = 300
_ROWS = 5_000
_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_SENT = "sentAt means nothing in a file: nobody knows when it arrived - at `$.sentAt`"

_OF_EVENT = ("id", "action", "occurredAt", "viewId", "deviceCategory", "domain", "visitor", "userId")


def _columns_of(struct: type[msgspec.Struct]) -> Iterator[str]:
    """The names of its fields. For a field that is a struct, the names of the fields within it."""
    for field in msgspec.structs.fields(struct):
        inner = [part for part in get_args(field.type) if issubclass(part, msgspec.Struct)]
        if inner:
            yield from (f"{field.encode_name}.{name}" for name in _columns_of(inner[0]))
        else:
            yield field.encode_name


_OF_SUBJECT = tuple(_columns_of(WireSubject))
COLUMNS = {
    **{name: (name,) for name in _OF_EVENT},
    **{name: ("subject", *name.split(".")) for name in _OF_SUBJECT},
    **{f"subject.{name}": ("subject", *name.split(".")) for name in _OF_SUBJECT},
}
"""Where the value of a column stands in an event. `subject.` may be left out."""
_NESTED_COLUMNS = {
    **COLUMNS,
    "subject": ("subject",),
    **{name.partition(".")[0]: ("subject", name.partition(".")[0]) for name in _OF_SUBJECT},
}


class Format(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


_SUFFIXES = {
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".csv": Format.CSV,
    ".parquet": Format.PARQUET,
}


class InvalidFile(ValueError):
    """A file that cannot be read, or not to its end. The message says why."""


class Line(NamedTuple):
    number: int
    """Where it begins in the file, from 1; in Parquet, the row."""
    event: WireEvent | None
    problem: str = ""
    """Why it is no event."""


class EventFile:
    """Reading it twice gives the same events with the same ids."""

    def __init__(self, path: Path, format: Format | None = None, *, zone: ZoneInfo | None = None) -> None:
        """`zone` is the time zone of times that have no offset. Without a zone, such times are refused."""
        self.path = path
        self.format = format or _format_of(path)
        read = partial(_instant, zone)
        self._decode = msgspec.json.Decoder(WireEvent, dec_hook=read).decode
        self._convert = partial(msgspec.convert, type=WireEvent, dec_hook=read)
        self.bytes = path.stat().st_size
        self.bytes_read = 0
        """How much of the stored file was read: it shows the progress."""

    def __iter__(self) -> Iterator[Line]:
        """Raises InvalidFile."""
        readings = {Format.NDJSON: self._ndjson, Format.CSV: self._csv, Format.PARQUET: self._parquet}
        number = 0
        try:
            for line in readings[self.format]():
                number, event, _ = line
                if event is not None and event.id is None:
                    event.id = str(self._id_of(number, event.occurred_at))
                yield line
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidFile(f"{self.path} cannot be read after line {number}: {error}.") from None

    def _ndjson(self) -> Iterator[Line]:
        for number, text in self._lines():
            if text is None:
                yield Line(number, None, f"longer than {_LONGEST_LINE:,} bytes")
            elif not text.isspace():
                yield _line(number, self._decode, text)

    def _csv(self) -> Iterator[Line]:
        # Bytes that are not UTF-8 become lone surrogates, so that one bad cell costs one line.
        texts = ((text or b"\n").decode("utf-8", "surrogateescape") for _, text in self._lines())
        rows = csv.reader(texts, strict=True)
        paths: list[tuple[str, ...]] = []
        while True:
            number = rows.line_num + 1
            try:
                cells = next(rows, None)
            except csv.Error as error:
                yield Line(number, None, str(error))
                continue
            if cells is None:
                return
            if not cells:
                continue
            if not paths:
                paths = _paths(cells, COLUMNS)
            elif len(cells) != len(paths):
                yield Line(number, None, f"{len(cells)} cells under a header of {len(paths)}")
            else:
                yield _line(number, self._from_cells, paths, [cell or None for cell in cells])

    def _parquet(self) -> Iterator[Line]:
        try:
            arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
            import_module("pyarrow.compute")
        except ImportError:
            raise InvalidFile("Parquet needs pyarrow: pip install 'viewgraph[parquet]'.") from None
        try:
            with parquet.ParquetFile(self.path, buffer_size=_BUFFER, pre_buffer=False) as file:
                paths = _paths(file.schema_arrow.names, _NESTED_COLUMNS)
                number = 0
                for batch in file.iter_batches(_ROWS):
                    columns = [_values(arrow, column) for column in batch.columns]
                    for cells in zip(*columns, strict=True):
                        number += 1
                        yield _line(number, self._from_cells, paths, cells)
                    self.bytes_read = self.bytes * number // file.metadata.num_rows
        except arrow.ArrowException as error:
            raise InvalidFile(f"{self.path} is no Parquet file of events: {error}.") from None

    def _from_cells(self, paths: Sequence[tuple[str, ...]], cells: Iterable[Any]) -> WireEvent:
        event: WireEvent = self._convert(_values_of(paths, cells))
        return event

    def _lines(self) -> Iterator[tuple[int, bytes | None]]:
        """The lines with their numbers. None stands for a line that is too long for memory."""
        with BufferedReader(FileIO(self.path), _BUFFER) as raw:
            is_packed = raw.peek(2).startswith(_GZIP)
            stream = gzip.GzipFile(fileobj=raw) if is_packed else raw
            if stream.peek(3).startswith(_BYTE_ORDER_MARK):
                stream.read(3)
            number = 0
            while text := stream.readline(_LONGEST_LINE):
                number += 1
                self.bytes_read = raw.tell()
                yield number, text if _is_whole(text, stream) else None

    def _id_of(self, number: int, at: datetime | None) -> UUID:
        """Always the same for this line of this file. With a time it has version 7: such ids sort by time."""
        noise = blake2b(self._digest + number.to_bytes(8, "big"), digest_size=16).digest()
        bits = int.from_bytes(noise, "big")
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

    @cached_property
    def _digest(self) -> bytes:
        with self.path.open("rb") as stream:
            return file_digest(stream, blake2b).digest()


def _format_of(path: Path) -> Format:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if not suffixes or suffixes[-1] not in _SUFFIXES:
        raise InvalidFile(f"{path.name} does not show its format: name the format with --format.")
    return _SUFFIXES[suffixes[-1]]


def _is_whole(text: bytes, stream: BufferedIOBase) -> bool:
    """Reads past the end of a line that is too long."""
    if len(text) < _LONGEST_LINE or text.endswith(b"\n"):
        return True
    while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
    return False


def _line(number: int, read: Callable[..., WireEvent], *given: Any) -> Line:
    try:
        event = read(*given)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Line(number, None, str(error)[:_LONGEST_PROBLEM])
    if event.sent_at is not None:
        return Line(number, None, _NOT_SENT)
    return Line(number, event)


def _paths(names: Sequence[str], known: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    if unknown := [name for name in names if name not in known]:
        raise InvalidFile(f"Unknown columns: {', '.join(unknown)}. Known are: {', '.join(known)}.")
    paths = [known[name] for name in names]
    if len(set(paths)) < len(paths):
        raise InvalidFile("Two columns mean the same.")
    return paths


def _values_of(paths: Sequence[tuple[str, ...]], cells: Iterable[Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path, cell in zip(paths, cells, strict=True):
        if cell is None:
            continue
        place = values
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = cell
        if isinstance(cell, str) and not cell.isascii():
            cell.encode()
    return values


def _instant(zone: ZoneInfo | None, _: type, given: Any) -> Instant:
    if isinstance(given, datetime):
        return aware(given) if given.tzinfo else local_instant(given, zone)
    return instant_in_file(given if isinstance(given, str) else repr(given), zone)


def _values(arrow: Any, column: Any) -> list[Any]:
    """The column's values as Python has them. An instant is cut to the microsecond, as everywhere."""
    if arrow.types.is_timestamp(column.type):
        zone = column.type.tz and "UTC"
        column = column.cast(arrow.timestamp(column.type.unit, zone))
        if column.type.unit == "ns":
            column = arrow.compute.floor_temporal(column, unit="microsecond")
        column = column.cast(arrow.timestamp("us", zone))
    return [_plain(value) for value in column.to_pylist()]


def _plain(value: Any) -> Any:
    """The value without nulls. For what is absent, some writers have a null, and some a struct of nulls."""
    if isinstance(value, dict):
        fields = {name: _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in fields.items() if inner is not None} or None
    return str(value) if isinstance(value, UUID) else value
