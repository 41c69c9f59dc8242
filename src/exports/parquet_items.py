"""Rows of Parquet as JSON has objects. Only pyarrow can read them, and it is loaded only here."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

from exports.found import Place, Unusable
from exports.json_items import Item
from exports.parts import Part
from ingest.file_lines import InvalidFile

MARK: Final = b"PAR1"
"""With which each file begins. Its name does not tell: PostHog's `.parquet.zst` has zstd inside of the file,
and not around it.
"""
_ROWS: Final = 5_000
_UNREADABLE: Final = (ValueError, OverflowError, TypeError, KeyError, NotImplementedError)


def is_parquet(part: Part) -> bool:
    with part.open() as stream:
        return stream.read(len(MARK)) == MARK


def parquet_items(part: Part, columns: Sequence[str]) -> Iterator[Item | Unusable]:
    """Those of the columns that the file has. The line of a place is the number of the row, from 1. Times are
    aware; a time without a zone is one of UTC. Raises InvalidFile.
    """
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise InvalidFile("Parquet needs pyarrow: pip install 'viewgraph[parquet]'.") from None
    try:
        with part.open() as stream, parquet.ParquetFile(stream, coerce_int96_timestamp_unit="us") as file:
            kept = [name for name in file.schema_arrow.names if name in columns]
            number = 0
            for batch in file.iter_batches(_ROWS, columns=kept):
                yield from _items(part, number, _in_microseconds(arrow, batch))
                number += batch.num_rows
    except arrow.ArrowException as error:
        raise InvalidFile(f"{part.name} is no whole Parquet file: {error}.") from None


def _in_microseconds(arrow: Any, batch: Any) -> Any:
    """Python has no nanoseconds: they are cut off."""
    columns = [
        column.cast(arrow.timestamp("us", column.type.tz), safe=False)
        if arrow.types.is_timestamp(column.type)
        else column
        for column in batch.columns
    ]
    return arrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _items(part: Part, before: int, batch: Any) -> Iterator[Item | Unusable]:
    try:
        rows = batch.to_pylist()
    except _UNREADABLE:
        rows = [_row(batch.slice(place, 1)) for place in range(batch.num_rows)]
    for number, row in enumerate(rows, before + 1):
        place = Place(part.name, number)
        if isinstance(row, str):
            yield Unusable(place, row)
        else:
            yield Item(place, {name: _plain(value) for name, value in row.items() if value is not None})


def _row(batch: Any) -> dict[str, Any] | str:
    """The one row of the batch, or what is wrong with it."""
    try:
        row: dict[str, Any] = batch.to_pylist()[0]
    except _UNREADABLE as error:
        return f"it has a value that cannot be read: {error}"
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
