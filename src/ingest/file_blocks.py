"""Blocks of lines of a file. Blocks in which every line is a usual event are read by columns, and others line
by line.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Self

from ingest.file_lines import LARGEST_BATCH, InvalidFile
from ingest.rejected_lines import Content
from ingest.wire import WireEvent
from ingest.wire_columns import WireColumns

_EMPTY: Final = Content()


class Line(NamedTuple):
    number: int
    """Where it begins in the file, from 1; in Parquet, the row."""
    event: WireEvent | None
    problem: str = ""
    """Why it is no event."""
    content: Content = _EMPTY
    """What it has instead."""
    file: str = ""
    """Which of several files it is in."""


class Block(NamedTuple):
    columns: WireColumns
    """The events of those lines that are events, in order."""
    lines: Callable[[], Sequence[Line]]
    """All lines, one by one."""
    are_all_events: bool

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Self:
        columns = WireColumns.of(line.event for line in lines if line.event is not None)
        return cls(columns, lambda: lines, columns.size == len(lines))


def blocks_of(lines: Iterable[Line], size: int) -> Iterator[Block]:
    """Raises InvalidFile, after the last lines that could be read. What is kept of lines that are no events
    ends a block, too: each of them may be long.
    """
    block: list[Line] = []
    kept = 0
    try:
        for line in lines:
            block.append(line)
            kept += len(line.content.event) + len(line.content.text)
            if len(block) == size or kept > LARGEST_BATCH:
                yield Block.of(block)
                block, kept = [], 0
    except InvalidFile:
        yield Block.of(block)
        raise
    yield Block.of(block)
