"""Files of a catalog's rows: NDJSON and CSV. However long a file is, only a part of it is in memory."""

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from base.instants import InvalidInstant
from ingest.csv_rows import CsvRows
from ingest.file_lines import TOO_LONG, InvalidFile, StoredLines, readable
from ingest.file_rows import Row
from ingest.file_times import FileTimes
from ingest.files import Format, format_of
from ingest.rejected_lines import Content, content_of_values
from resolvers.catalog.kind import CatalogKind
from resolvers.catalog.kinds import KINDS
from resolvers.catalog.reading import names_of, row_of
from resolvers.catalog.rows import CatalogRow
from resolvers.catalog.verdicts import Refused

INVALID_ROW: Final = "INVALID_ROW"
"""The reason for a line that does not have the shape of a row."""
_KIND: Final = "kind"
_LONGEST_PROBLEM: Final = 300
_HASHES: Final = re.compile(r"(?:(?:argon2|bcrypt|pbkdf2)\w*|\$2[abxy])\$[^\s'\"]*", re.ASCII)
_REJECTED: Final = {"line", "reason"}
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Line(NamedTuple):
    number: int
    """Where it begins in the file, from 1."""
    kind: CatalogKind | None
    row: CatalogRow | None
    refused: Refused | None
    """Why there is no row."""
    values: dict[str, Any] | None
    """What the line has, by the names of fields."""
    text: str = ""
    """The line itself, if it does not have this shape."""

    @property
    def content(self) -> Content:
        return content_of_values(self.values, self.text)


class CatalogFile:
    def __init__(
        self,
        path: Path,
        format: Format | None,
        times: FileTimes,
        kind: str | None = None,
    ) -> None:
        """`kind`: that of all rows which do not name another one."""
        self.path = path
        self._format = format or format_of(path)
        if self._format is Format.PARQUET:
            raise InvalidFile("A catalog is read from NDJSON and CSV, and not from Parquet.")
        self._times = times
        self._kind = kind
        self._lines = StoredLines(path)
        self.bytes = path.stat().st_size

    @property
    def bytes_read(self) -> int:
        return self._lines.bytes_read

    @property
    def bytes_given(self) -> int:
        """How long all lines were so far, whether the file is compressed or not."""
        return self._lines.bytes_given

    def __iter__(self) -> Iterator[Line]:
        """Raises InvalidFile."""
        number = 0
        try:
            for row in self._ndjson() if self._format is Format.NDJSON else self._csv():
                number = row.number
                yield row
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidFile(f"{self.path} cannot be read after line {number}: {error}.") from None

    def _csv(self) -> Iterator[Line]:
        kinds = [KINDS[self._kind]] if self._kind else KINDS.values()
        names = {name: (field,) for kind in kinds for name, field in names_of(kind.row)}
        rows: Iterable[Row] = CsvRows(self._lines, {**names, _KIND: (_KIND,)})
        for number, values, problem, text in rows:
            yield self._line(number, values, problem, text)

    def _ndjson(self) -> Iterator[Line]:
        for number, text in self._lines:
            if text is None:
                yield _refused(number, TOO_LONG)
            elif not text.isspace():
                yield self._of_json(number, text)

    def _of_json(self, number: int, text: bytes) -> Line:
        try:
            values = _decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            return _refused(number, str(error), text=readable(text).rstrip())
        if values.keys() >= _REJECTED:
            # It was rejected before, and may be mended now.
            row = values.get("row")
            if not isinstance(row, dict):
                return _refused(number, "a rejected line without its `row`", text=readable(text).rstrip())
            values = row
        return self._line(number, values)

    def _with_kind(self, values: dict[str, Any] | None) -> dict[str, Any] | None:
        return {_KIND: self._kind, **values} if values is not None and self._kind else values

    def _line(self, number: int, values: dict[str, Any] | None, problem: str = "", text: str = "") -> Line:
        values = self._with_kind(values)
        if values is None or problem:
            return _refused(number, problem, values, text)
        given = dict(values)
        named = given.pop(_KIND, None)
        kind = KINDS.get(str(named))
        if kind is None:
            words = "It has no `kind`" if named is None else f"{str(named)[:40]!r} is no kind"
            return _refused(number, f"{words}: the kinds are {', '.join(KINDS)}", values)
        try:
            return Line(number, kind, row_of(kind.row, given, self._times), None, values)
        except (msgspec.MsgspecError, InvalidInstant, UnicodeError, RecursionError) as error:
            return _refused(number, str(error), values)


def _refused(number: int, problem: str, values: dict[str, Any] | None = None, text: str = "") -> Line:
    return Line(number, None, None, Refused(INVALID_ROW, problem[:_LONGEST_PROBLEM]), values, text)


def detail_of(refused: Refused) -> str:
    """Without a password hash that stands in a wrong column."""
    return _HASHES.sub("(a password hash)", refused.detail)
