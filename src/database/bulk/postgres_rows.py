"""Rows in the binary form in which PostgreSQL copies them. NumPy makes it column by column; the driver would
make it value by value.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from base.arrays import are_for_arrays, numpy

_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_ABSENT: Final = -1
"""The size of a value that is not there."""
_INSTANT: Final = "TIMESTAMP WITH TIME ZONE"
_START: Final = 946_684_800_000_000
"""The year 2000, from which PostgreSQL counts the microseconds of instants."""
_NUMBERS: Final = {"BIGINT": ">i8", "SMALLINT": ">i2", _INSTANT: ">i8"}
_KNOWN: Final = frozenset({*_NUMBERS, "UUID", "BYTEA"})


class _Field(NamedTuple):
    values: Any
    """An array of values of one width."""
    sizes: Any
    """How many bytes of each are copied: an array, or one number for all."""


def rows_to_copy(types: Sequence[str], columns: Sequence[Sequence[Any]]) -> memoryview | None:
    """None if the driver has to make them: they are few, or of other types. `columns`: packed values of
    columns of these types.
    """
    if not are_for_arrays(columns[0]) or not _KNOWN.issuperset(types):
        return None
    fields = [_field(type_, column) for type_, column in zip(types, columns, strict=True)]
    # The driver would take bytes for the path of a file.
    return memoryview(b"".join((_HEAD, _joined(fields, len(columns[0])), _TAIL)))


def _field(type_: str, column: Sequence[Any]) -> _Field:
    is_full = all(column) or None not in column
    if not is_full and set(column) == {None}:
        return _Field(numpy().empty(len(column), "V0"), _ABSENT)
    if type_ not in _NUMBERS:
        return _of_bytes(column)
    values = numpy().array(column if is_full else [value or 0 for value in column], _NUMBERS[type_])
    if type_ == _INSTANT:
        values -= _START
    size = values.itemsize
    return _Field(
        values, size if is_full else _array([_ABSENT if value is None else size for value in column])
    )


def _of_bytes(column: Sequence[Any]) -> _Field:
    sizes = [_ABSENT if value is None else len(value) for value in column]
    width = max(sizes)
    if min(sizes) == width:
        return _Field(numpy().frombuffer(b"".join(column), f"V{width}"), width)
    filled = b"".join([(value or b"").ljust(width, b"\0") for value in column])
    return _Field(numpy().frombuffer(filled, f"V{width}"), _array(sizes))


def _array(sizes: Sequence[int]) -> Any:
    return numpy().array(sizes, "i4")


def _joined(fields: Sequence[_Field], count: int) -> Any:
    """A row begins with the number of its fields. A field is its size, and so many bytes."""
    rows = numpy().empty(count, [("fields", ">i2"), *_form(fields)])
    rows["fields"] = len(fields)
    are_copied = None
    for place, (values, sizes) in enumerate(fields):
        rows[f"size {place}"], rows[f"value {place}"] = sizes, values
        if isinstance(sizes, int):
            continue
        if are_copied is None:
            are_copied = numpy().ones((count, rows.itemsize), bool)
        width, start = values.itemsize, rows.dtype.fields[f"value {place}"][1]
        are_copied[:, start : start + width] = numpy().arange(width) < sizes[:, None]
    return rows if are_copied is None else rows.view("u1").reshape(count, -1)[are_copied]


def _form(fields: Sequence[_Field]) -> list[tuple[str, Any]]:
    form: list[tuple[str, Any]] = []
    for place, field in enumerate(fields):
        form += [(f"size {place}", ">i4"), (f"value {place}", field.values.dtype)]
    return form
