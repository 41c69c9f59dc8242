"""Rows of Parquet, read in batches by pyarrow, which is loaded only here."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from math import isnan
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from ingest.file_columns import IDS, NESTED_COLUMNS, ColumnPath, column_paths, values_of
from ingest.file_lines import InvalidFile, readable
from ingest.file_rows import Row, unreadable
from ingest.wire import WireEvent, WireSubject
from ingest.wire_columns import NotPlain, WireColumns, columns_from_table

_BUFFER: Final = 1 << 17
_ROWS: Final = 5_000
_UUID_BYTES: Final = 16
_TIME: Final = ("occurredAt",)
_USUAL: Final = 7_258_118_400_000_000
"""The start of the year 2200. Every program can tell what is between 1970 and then."""
_FIELDS: Final = {
    (*outer, field.encode_name): field.name
    for outer, struct in (((), WireEvent), (("subject",), WireSubject))
    for field in msgspec.structs.fields(struct)
    if field.name not in ("subject", "work", "sent_at")
}
"""The fields whose columns may be read as a whole, by where they stand in an event."""
_SPARK: Final = b"org.apache.spark.version"
_UNREADABLE: Final = (ValueError, OverflowError, TypeError, KeyError, NotImplementedError)


class _Unreadable(NamedTuple):
    """A cell that is no value of Python."""

    problem: str
    shown: str


class _Column(NamedTuple):
    cells: list[Any]
    are_readable: bool


class _Given(NamedTuple):
    """A column of a file."""

    path: ColumnPath
    is_utc: bool
    """Whether its times are in UTC, although the file does not say so."""
    values: Any


class RowBlock(NamedTuple):
    first: int
    """The number of its first row, from 1."""
    size: int
    arrow: Any
    columns: list[_Given]

    def rows(self) -> Iterator[Row]:
        paths = [column.path for column in self.columns]
        columns = [
            _cells(partial(_values, self.arrow, path, is_utc), values)
            for path, is_utc, values in self.columns
        ]
        are_readable = all(column.are_readable for column in columns)
        rows = zip(*(column.cells for column in columns), strict=True)
        for number, cells in enumerate(rows, self.first):
            yield Row(number, values_of(paths, cells)) if are_readable else _row(number, paths, cells)

    def events(self) -> WireColumns:
        """All of its rows. Raises NotPlain if one might be no event, or if a column is of no usual type."""
        found: dict[str, list[Any]] = {}
        try:
            for given in self.columns:
                for path, values in _flat(self.arrow, given):
                    name = _FIELDS.get(path)
                    if name is None or name in found:
                        raise NotPlain
                    found[name] = (
                        _packed_instants(self.arrow, values, is_utc=given.is_utc)
                        if path == _TIME
                        else _texts(self.arrow, values)
                    )
        except _UNREADABLE:
            raise NotPlain from None
        return columns_from_table(found, self.size)


def _flat(arrow: Any, given: _Given) -> list[tuple[ColumnPath, Any]]:
    """The column, or those within it."""
    if not arrow.types.is_struct(given.values.type):
        return [(given.path, given.values)]
    fields = (given.values.type.field(place) for place in range(given.values.type.num_fields))
    paths = [(*given.path, field.name) for field in fields]
    return list(zip(paths, given.values.flatten(), strict=True))


def _texts(arrow: Any, values: Any) -> list[str | None]:
    """Raises NotPlain."""
    types = arrow.types
    if types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not (types.is_string(values.type) or types.is_large_string(values.type)):
        raise NotPlain
    texts: list[str | None] = values.to_pylist()
    return texts


def _packed_instants(arrow: Any, values: Any, *, is_utc: bool) -> list[int | None]:
    """Raises NotPlain."""
    if not arrow.types.is_timestamp(values.type) or not (values.type.tz or is_utc):
        raise NotPlain
    if values.type.unit != "us":
        values = _floored(values).cast(arrow.timestamp("us", "UTC"))
    instants = values.view(arrow.int64()).to_pylist()
    if any(at is not None and not 0 <= at < _USUAL for at in instants):
        raise NotPlain
    packed: list[int | None] = instants
    return packed


def _floored(instants: Any) -> Any:
    """Without what is less than a microsecond."""
    if instants.type.unit != "ns":
        return instants
    # Most files do not need it, and it takes ten megabytes.
    return import_module("pyarrow.compute").floor_temporal(instants, unit="microsecond")


class ParquetRows:
    def __init__(self, path: Path, *, spark_is_utc: bool) -> None:
        """`spark_is_utc`: timestamps of 96 bits that Spark wrote are in UTC. Other programs write local times
        as such timestamps.
        """
        self.share_read = 0.0
        self._path = path
        self._spark_is_utc = spark_is_utc

    def __iter__(self) -> Iterator[Row]:
        """Raises InvalidFile."""
        for block in self.blocks(_ROWS):
            yield from block.rows()

    def blocks(self, size: int) -> Iterator["RowBlock"]:
        """So many rows at a time. Raises InvalidFile."""
        # Its own pool keeps twenty megabytes more than it uses. `set_memory_pool` comes too late for what the
        # reader takes to unpack columns.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        try:
            arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ImportError:
            raise InvalidFile("Parquet needs pyarrow: pip install 'viewgraph[parquet]'.") from None
        try:
            # Nanoseconds would not reach beyond the year 2262, and start anew there.
            with parquet.ParquetFile(
                self._path, buffer_size=_BUFFER, pre_buffer=False, coerce_int96_timestamp_unit="us"
            ) as file:
                yield from self._blocks(arrow, file, size)
        except arrow.ArrowException as error:
            raise InvalidFile(f"{self._path} is no Parquet file of events: {error}.") from None

    def _blocks(self, arrow: Any, file: Any, size: int) -> Iterator["RowBlock"]:
        names = file.schema_arrow.names
        paths = column_paths(names, NESTED_COLUMNS)
        in_utc = _spark_instants(file) if self._spark_is_utc else frozenset()
        number = 0
        for batch in file.iter_batches(size, use_threads=False):
            columns = [
                _Given(path, name in in_utc, column)
                for name, path, column in zip(names, paths, batch.columns, strict=True)
                if path
            ]
            yield RowBlock(number + 1, len(batch), arrow, columns)
            number += len(batch)
            # The next ones are read while nobody needs these any more.
            del batch, columns
            self.share_read = number / file.metadata.num_rows


def _spark_instants(file: Any) -> frozenset[str]:
    """The columns whose times are in UTC, although the file does not say so."""
    if _SPARK not in (file.metadata.metadata or {}):
        return frozenset()
    columns = (file.schema.column(place) for place in range(len(file.schema)))
    return frozenset(column.path for column in columns if column.physical_type == "INT96")


def _row(number: int, paths: Sequence[ColumnPath], cells: Sequence[Any]) -> Row:
    for path, cell in zip(paths, cells, strict=True):
        if isinstance(cell, _Unreadable):
            shown = [unreadable(cell.shown) if isinstance(cell, _Unreadable) else cell for cell in cells]
            return Row(number, values_of(paths, shown), f"{cell.problem} - at `$.{'.'.join(path)}`")
    return Row(number, values_of(paths, cells))


def _cells(read: Callable[[Any], list[Any]], column: Any) -> _Column:
    try:
        return _Column(read(column), are_readable=True)
    except _UNREADABLE:
        cells = [_cell(read, column.slice(place, 1)) for place in range(len(column))]
        return _Column(cells, are_readable=False)


def _cell(read: Callable[[Any], list[Any]], column: Any) -> Any:
    """Of a column of one row."""
    try:
        return read(column)[0]
    except UnicodeDecodeError as error:
        return _Unreadable("Bytes that are not UTF-8", readable(error.object))
    except _UNREADABLE:
        return _Unreadable(f"A value of type {column.type} cannot be read", _shown(column))


def _values(arrow: Any, path: ColumnPath, is_utc: bool, column: Any) -> list[Any]:
    """The column's values as Python has them. An instant is cut to the microsecond, as everywhere."""
    if arrow.types.is_timestamp(column.type):
        zone = "UTC" if column.type.tz or is_utc else None
        column = column.cast(arrow.timestamp(column.type.unit, zone))
        column = _floored(column).cast(arrow.timestamp("us", zone))
    if _is_plain(arrow.types, column.type):
        # Asked for maps, it would take twice as long.
        plain: list[Any] = column.to_pylist()
        return plain
    values = column.to_pylist(maps_as_pydicts="strict")
    inner = column.type.value_type if arrow.types.is_dictionary(column.type) else column.type
    if arrow.types.is_fixed_size_binary(inner) and inner.byte_width == _UUID_BYTES:
        return [None if value is None else str(UUID(bytes=value)) for value in values]
    if path in IDS:
        values = [UUID(bytes=value) if _is_uuid(value) else value for value in values]
    return [_plain(value) for value in values]


def _is_plain(types: Any, type_: Any) -> bool:
    """Most columns are of such a type, whose values need no other look."""
    return any(is_it(type_) for is_it in (types.is_string, types.is_large_string, types.is_timestamp))


def _is_uuid(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == _UUID_BYTES


def _plain(value: Any) -> Any:
    """The value as JSON would have it, without nulls. For what is absent, some writers have a null, some a
    struct of nulls, and some what is no number.
    """
    if isinstance(value, dict):
        fields = {_plain(name): _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in fields.items() if inner is not None} or None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        return None if isnan(value) else value
    return str(value) if isinstance(value, UUID) else value


def _shown(column: Any) -> str:
    """Its first value: in the file's own unit, if it has one; otherwise as pyarrow shows a column."""
    try:
        return str(column[0].value)
    except (AttributeError, *_UNREADABLE):
        return str(column)
