"""The lines of a file of text. However long the file and its lines are, only a part of it is in memory."""

import gzip
import zlib
from collections.abc import Iterator
from functools import partial
from io import BufferedReader, FileIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

LONGEST_LINE: Final = 1_000_000
LARGEST_BATCH: Final = 6_000_000
"""How many bytes of lines are kept until they are stored, beside the last line."""
TOO_LONG: Final = f"longer than {LONGEST_LINE:,} bytes"
_BUFFER: Final = 1 << 19
"""Less than the longest line: a whole line in memory is never too long."""
_AT_A_TIME: Final = 32
"""How many lines are read until their lengths are looked at."""
_SHORT: Final = 4_000
"""Longer lines are read one by one."""
_GZIP: Final = b"\x1f\x8b"
_MARKS: Final = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""Encodings by the byte order mark with which a file begins."""


class InvalidFile(ValueError):
    """A file that cannot be read, or not to its end. The message says why."""


def readable(text: bytes) -> str:
    """Shows bytes that are not UTF-8 as `\\xff`."""
    return text.decode("utf-8", "backslashreplace")


class StoredLine(NamedTuple):
    number: int
    """From 1."""
    text: bytes | None
    """In UTF-8, with its end. None: it is too long for memory."""


class LineBlock(NamedTuple):
    first: int
    """The number of its first line, from 1."""
    texts: list[bytes | None]
    """As in `StoredLine`."""


Unpacked: TypeAlias = "BufferedReader[Any] | gzip.GzipFile"


class _Lines(Protocol):
    def readline(self, size: int, /) -> bytes: ...


class StoredLines:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.bytes_read = 0
        """How much of the stored file was read."""
        self.bytes_given = 0
        """How long all lines were so far that were given."""

    def __iter__(self) -> Iterator[StoredLine]:
        with BufferedReader(FileIO(self._path), _BUFFER) as raw:
            for line in lines_in(raw):
                self.bytes_read = raw.tell()
                self.bytes_given += len(line.text or b"")
                yield line

    def blocks(self, size: int) -> Iterator["LineBlock"]:
        """The same lines, up to so many at a time. What was read before an error comes before the error."""
        with BufferedReader(FileIO(self._path), _BUFFER) as raw:
            for block in _blocks_in(raw, size):
                self.bytes_read = raw.tell()
                yield block
                del block


def lines_in(raw: "BufferedReader[Any]") -> Iterator[StoredLine]:
    """The stream may be compressed with gzip. It is in UTF-8, or in UTF-16 as Windows writes it."""
    stream = _decoded(unpacked(raw))
    number = 0
    try:
        while text := stream.readline(LONGEST_LINE):
            number += 1
            yield StoredLine(number, text if _is_whole(text, stream) else None)
    finally:
        if isinstance(stream, _Utf16Lines):
            stream.detach()


def _blocks_in(raw: "BufferedReader[Any]", size: int) -> Iterator[LineBlock]:
    stream = _decoded(unpacked(raw))
    number = 1
    try:
        while True:
            texts, error = _next_lines(stream, size)
            if texts:
                yield LineBlock(number, texts)
            if error:
                raise error
            if not texts:
                return
            number += len(texts)
            # The next ones are read while nobody needs these any more.
            del texts
    finally:
        if isinstance(stream, _Utf16Lines):
            stream.detach()


def _next_lines(stream: _Lines, size: int) -> tuple[list[bytes | None], Exception | None]:
    """Up to so many lines, and the error that ended the reading before."""
    pieces: list[bytes] = []
    try:
        _read_pieces(stream, size, pieces)
        texts, is_last_cut = _whole(pieces)
        if is_last_cut:
            _pass_line(stream)
    except (OSError, EOFError, zlib.error) as error:
        texts, is_last_cut = _whole(pieces)
        # A line that ends in the error was not read.
        return texts[:-1] if is_last_cut else texts, error
    return texts, None


def _read_pieces(stream: _Lines, size: int, pieces: list[bytes]) -> None:
    """Adds up to so many lines. What is longer than a line may be comes in pieces."""
    kept, step = 0, 1
    read = iter(partial(stream.readline, LONGEST_LINE), b"")
    while len(pieces) < size and kept < LARGEST_BATCH:
        before = len(pieces)
        pieces += _in_memory(stream, size - before)
        pieces.extend(islice(read, min(step, size - len(pieces))))
        if len(pieces) == before:
            return
        kept += sum(map(len, pieces[before:]))
        step = _AT_A_TIME if kept < _SHORT * len(pieces) else 1


def _in_memory(stream: _Lines, most: int) -> list[bytes]:
    """Up to so many whole lines that were read from the file already. It takes a third of the time."""
    if not isinstance(stream, BufferedReader):
        return []
    return list(islice(stream, min(most, stream.peek().count(b"\n"))))


def _whole(pieces: list[bytes]) -> tuple[list[bytes | None], bool]:
    """The lines, with None for one that is too long; and whether the last one goes on after its pieces."""
    if not pieces or max(map(len, pieces)) < LONGEST_LINE:
        return list(pieces), False
    texts: list[bytes | None] = []
    is_within = False
    for piece in pieces:
        is_cut = (is_within or len(piece) >= LONGEST_LINE) and not piece.endswith(b"\n")
        if not is_within:
            texts.append(None if is_cut else piece)
        is_within = is_cut
    return texts, is_within


def unpacked(raw: "BufferedReader[Any]") -> "Unpacked":
    return gzip.GzipFile(fileobj=raw) if raw.peek(2).startswith(_GZIP) else raw


class _Utf16Lines:
    """Lines of UTF-16, in UTF-8."""

    def __init__(self, stream: Unpacked, encoding: str) -> None:
        # A half of a pair that stands alone costs its line, and not the file.
        self._texts = TextIOWrapper(stream, encoding, errors="surrogatepass", newline="\n")

    def detach(self) -> None:
        """Leaves the stream to whoever opened it, and who closes it."""
        self._texts.detach()

    def readline(self, size: int, /) -> bytes:
        try:
            return self._texts.readline(size).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise EOFError(f"it is no UTF-16 to its end: {error.reason}") from None


def _decoded(stream: Unpacked) -> _Lines:
    start = stream.peek(4)[:4]
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            stream.read(len(mark))
            return stream if encoding == "utf-8" else _Utf16Lines(stream, encoding)
    # Files begin with a letter or a bracket, which has a byte of zero in UTF-16, on one side or the other.
    if len(start) > 1 and 0 in start[:2]:
        return _Utf16Lines(stream, "utf-16-be" if start[0] == 0 else "utf-16-le")
    return stream


def _is_whole(text: bytes, stream: _Lines) -> bool:
    """Reads past the end of a line that is too long."""
    if len(text) < LONGEST_LINE or text.endswith(b"\n"):
        return True
    _pass_line(stream)
    return False


def _pass_line(stream: _Lines) -> None:
    while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
