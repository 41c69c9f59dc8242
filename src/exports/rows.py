"""Rows of CSV, as they stand in a part of an export."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from exports.found import Place, Unusable
from exports.parts import Part
from ingest.file_lines import TOO_LONG, readable

_SEPARATORS: Final = (",", ";", "\t")
_NOT_UTF_8: Final = "it has bytes that are not UTF-8"


class Row(NamedTuple):
    place: Place
    cells: list[str]


class Cells(msgspec.Struct, frozen=True):
    """A row by the names of its header. Of two columns of one name, the first counts."""

    place: Place
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """Empty if there is no such column."""
        return self.values.get(name, "")


class _Texts:
    """The lines of a part, and what is wrong with those of the row that is being read."""

    def __init__(self, part: Part) -> None:
        self.taken: list[str] = []
        self.problem = ""
        self._lines = part.lines()

    def begin_row(self) -> None:
        self.taken.clear()
        self.problem = ""

    def __iter__(self) -> Iterator[str]:
        for _, line in self._lines:
            if line is None:
                self.problem = TOO_LONG
            text = readable(line or b"\n")
            if line and text.encode() != line:
                self.problem = _NOT_UTF_8
            self.taken.append(text)
            yield text


def rows_of(part: Part, separator: str = ",") -> Iterator[Row | Unusable]:
    """All rows with a cell that is not empty. Raises InvalidFile."""
    texts = _Texts(part)
    rows = csv.reader(texts, delimiter=separator)
    while True:
        texts.begin_row()
        place = Place(part.name, rows.line_num + 1)
        problem = ""
        try:
            cells = next(rows, None)
        except csv.Error as error:
            cells, problem = [""], str(error)
        if cells is None:
            return
        if problem := problem or texts.problem:
            yield Unusable(place, problem, "".join(texts.taken).rstrip("\r\n"))
        elif any(cells):
            yield Row(place, cells)


def table_of(part: Part, separator: str = ",") -> Iterator[Cells | Unusable]:
    """The rows below a header. Raises InvalidFile."""
    return table_from(rows_of(part, separator))


def table_from(rows: Iterable[Row | Unusable]) -> Iterator[Cells | Unusable]:
    """The first row is the header. A row with more or fewer cells is unusable."""
    header: list[str] | None = None
    for row in rows:
        if isinstance(row, Unusable):
            yield row
        elif header is None:
            header = [name.strip() for name in row.cells]
        elif len(row.cells) != len(header):
            yield Unusable(
                row.place, f"{len(row.cells)} cells under a header of {len(header)}", ",".join(row.cells)
            )
        else:
            values: dict[str, str] = {}
            for name, cell in zip(header, row.cells, strict=True):
                values.setdefault(name, cell)
            yield Cells(row.place, values)


def separator_of(part: Part, names: Iterable[str]) -> str | None:
    """Between which the header has all these names. None if it does not have them. Raises InvalidFile."""
    needed = set(names)
    return next((one for one in _SEPARATORS if needed <= set(header_of(part, one))), None)


def header_of(part: Part, separator: str = ",") -> list[str]:
    """The cells of its first row; none if it has no rows. Raises InvalidFile."""
    for row in islice(rows_of(part, separator), 1):
        return [] if isinstance(row, Unusable) else [name.strip() for name in row.cells]
    return []
