"""Makes rows of a catalog of the values that a file has."""

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache, partial
from typing import Any, Final, TypeVar, get_args

import msgspec

from ingest.file_times import FileTimes
from resolvers.catalog.rows import CatalogRow

R = TypeVar("R", bound=CatalogRow)
Read = Callable[[Any], Any]

_FLAGS: Final = {"t": True, "f": False, "yes": True, "no": False}
"""As PostgreSQL and people write them. msgspec reads the others."""


def row_of(struct: type[R], values: Mapping[str, Any], times: FileTimes) -> R:
    """Names may be written with capitals or with underscores, and numbers and flags as texts. What is null is
    absent. Raises msgspec.MsgspecError and InvalidInstant.
    """
    return msgspec.convert(_read(struct, values), struct, dec_hook=times.read, strict=False)


def names_of(struct: type[CatalogRow]) -> Iterator[tuple[str, str]]:
    """Each name that a field may have, and the one that the field has."""
    for field in msgspec.structs.fields(struct):
        yield field.encode_name, field.encode_name
        if field.name != field.encode_name:
            yield field.name, field.encode_name


def _read(struct: type[CatalogRow], values: Mapping[str, Any]) -> dict[str, Any]:
    names, readers = _fields(struct)
    known = {names.get(name, name): value for name, value in values.items() if value is not None}
    for name in readers.keys() & known.keys():
        known[name] = readers[name](known[name])
    return known


@lru_cache(maxsize=64)
def _fields(struct: type[CatalogRow]) -> tuple[dict[str, str], dict[str, Read]]:
    """The names of its fields, and what reads the fields whose values msgspec does not read by itself."""
    readers = {field.encode_name: _reader(field) for field in msgspec.structs.fields(struct)}
    return dict(names_of(struct)), {name: read for name, read in readers.items() if read}


def _reader(field: msgspec.structs.FieldInfo) -> Read | None:
    for part in get_args(field.type) or (field.type,):
        if part is bool:
            return lambda value: _FLAGS.get(str(value).lower(), value)
        if isinstance(part, type) and issubclass(part, IntEnum):
            return partial(_number, part, field.encode_name)
        if items := get_args(part):
            return partial(_items, items[0])
    return None


def _number(numbers: type[IntEnum], name: str, value: Any) -> Any:
    known = numbers.__members__.get(value.strip().upper()) if isinstance(value, str) else None
    if known is None and str(value) not in {str(int(number)) for number in numbers}:
        raise msgspec.ValidationError(f"None of {', '.join(numbers.__members__)} - at `$.{name}`")
    return int(value if known is None else known)


def _items(item: Any, value: Any) -> Any:
    """A list. In a cell, it stands as JSON."""
    given = msgspec.json.decode(value) if isinstance(value, str) else value
    if isinstance(item, type) and issubclass(item, CatalogRow) and isinstance(given, list):
        return [_read(item, one) if isinstance(one, dict) else one for one in given]
    return given
