"""The files of an export. They stand in a folder or in a zip, or are given one by one."""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple
from zipfile import BadZipFile, ZipFile, is_zipfile

from exports.brotli_stream import BrotliStream
from exports.found import Note
from ingest.file_lines import InvalidFile, StoredLine, Unpacked, lines_in, unpacked

_ENCRYPTED: Final = 1
_OF_SYSTEMS: Final = ("__MACOSX", ".")
"""What macOS adds to zips, and hidden files."""
_BROTLI: Final = ".jsonl.br"
"""Parquet is packed inside, whatever its name."""
_BUFFER: Final = 1 << 20
_UNREADABLE: Final = (OSError, EOFError, zlib.error, BadZipFile, NotImplementedError)


class Part(NamedTuple):
    """One file of an export."""

    name: str
    """As users see it: the name of the zip comes first."""
    path: Path
    member: str = ""
    """Its name in the zip; empty if it is no part of a zip."""

    @property
    def base(self) -> str:
        """The last part of the name, without `.gz`."""
        return PurePosixPath(self.name).name.removesuffix(".gz")

    @contextmanager
    def open(self) -> Iterator[Unpacked]:
        """Its bytes, without gzip. Raises InvalidFile."""
        with self._stored() as raw:
            yield unpacked(raw)

    def lines(self) -> Iterator[StoredLine]:
        """In UTF-8, without a byte order mark. Raises InvalidFile."""
        with self._stored() as raw:
            yield from lines_in(raw)

    @contextmanager
    def _stored(self) -> Iterator["BufferedReader[Any]"]:
        try:
            with ExitStack() as opened:
                # The central directory of a zip is read, because a zip that was written as a stream has no
                # sizes before the data.
                stream: Any = (
                    opened.enter_context(opened.enter_context(ZipFile(self.path)).open(self.member))
                    if self.member
                    else opened.enter_context(FileIO(self.path))
                )
                is_packed = self.name.endswith(_BROTLI)
                yield BufferedReader(BrotliStream(stream) if is_packed else stream, _BUFFER)
        except _UNREADABLE as error:
            raise InvalidFile(f"{self.name} cannot be read: {error}.") from None


def parts_of(paths: Iterable[Path]) -> list[Part]:
    """The parts of all paths, each once and with a name of its own. Those of a folder or a zip are sorted by
    their names. Raises InvalidFile.
    """
    found = (part for path in paths for part in _parts_of(path))
    parts = list({(part.path.resolve(), part.member): part for part in found}.values())
    if len({part.name for part in parts}) == len(parts):
        return parts
    return [part._replace(name=(part.path / part.member).as_posix()) for part in parts]


def left_out(part: Part, why: str) -> Note:
    return Note(f"left out: {why}", file=part.name)


def _parts_of(path: Path) -> Iterator[Part]:
    if not path.is_dir():
        yield from _of_file(path, path.name)
        return
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        if file.is_file() and not _is_of_system(name.parts):
            yield from _of_file(file, name.as_posix())


def _of_file(path: Path, name: str) -> Iterator[Part]:
    # Spreadsheets are zips, too.
    if path.suffix.lower() == ".xlsx" or not is_zipfile(path):
        yield Part(name, path)
        return
    try:
        with ZipFile(path) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.filename)
    except BadZipFile as error:
        raise InvalidFile(f"{name} is no whole zip: {error}.") from None
    for member in members:
        if member.is_dir() or _is_of_system(PurePosixPath(member.filename).parts):
            continue
        if member.flag_bits & _ENCRYPTED:
            raise InvalidFile(f"{name} is protected by a password: unpack it, and name the folder instead.")
        yield Part(f"{name}/{member.filename}", path, member.filename)


def _is_of_system(names: Iterable[str]) -> bool:
    return any(name.startswith(_OF_SYSTEMS) for name in names)
