"""The columns of tables of events and of totals, by the names of their fields."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, get_args

import msgspec

from ingest.file_lines import InvalidFile
from ingest.wire import WireSubject

ColumnPath: TypeAlias = tuple[str, ...]
"""Where the value of a column stands in an event. A column that is skipped has none: it is empty."""

_OF_TOTAL = ("action", "day", "count", "deviceCategory", "domain")
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
_SUBJECT_COLUMNS: Final[Mapping[str, ColumnPath]] = {
    **{name: ("subject", *name.split(".")) for name in _OF_SUBJECT},
    **{f"subject.{name}": ("subject", *name.split(".")) for name in _OF_SUBJECT},
}
"""`subject.` may be left out."""
COLUMNS: Final[Mapping[str, ColumnPath]] = {**{name: (name,) for name in _OF_EVENT}, **_SUBJECT_COLUMNS}
TOTAL_COLUMNS: Final[Mapping[str, ColumnPath]] = {**{name: (name,) for name in _OF_TOTAL}, **_SUBJECT_COLUMNS}
NESTED_COLUMNS: Final[Mapping[str, ColumnPath]] = {
    **COLUMNS,
    "subject": ("subject",),
    **{name.partition(".")[0]: ("subject", name.partition(".")[0]) for name in _OF_SUBJECT},
}
IDS: Final = frozenset({("id",), ("viewId",)})
"""The columns of UUIDs."""

# What pandas calls the numbers of the rows, in Parquet, and in CSV that was read and written again.
_INDEX: Final = re.compile(r"__index_level_\d+__|Unnamed: 0(\.\d+)*")


def column_paths(names: Sequence[str], known: Mapping[str, ColumnPath]) -> list[ColumnPath]:
    """Raises InvalidFile for a column that is not known, and for two that mean the same."""
    indexes = {name for place, name in enumerate(names) if _is_index(place, name)}
    if unknown := [name for name in names if name not in known and name not in indexes]:
        raise InvalidFile(_words_of(unknown, names, known))
    places: dict[ColumnPath, str] = {}
    for name in names:
        path = known.get(name, ())
        if path and path in places:
            raise InvalidFile(f"Two columns mean the same: {places[path]} and {name}.")
        places[path] = name
    return [known.get(name, ()) for name in names]


def knows(names: Sequence[str], known: Mapping[str, ColumnPath]) -> int:
    """How many of the names are known."""
    return sum(name in known or _is_index(place, name) for place, name in enumerate(names))


def values_of(paths: Iterable[ColumnPath], cells: Iterable[Any]) -> dict[str, Any]:
    """The cells in the shape of an event. What is None is absent."""
    values: dict[str, Any] = {}
    for path, cell in zip(paths, cells, strict=True):
        if cell is None or not path:
            continue
        place: Any = values
        for name in path[:-1]:
            place = place.setdefault(name, {})
        # What is no object, though it should be one, stays as it is: so its row is rejected.
        if isinstance(place, dict):
            place[path[-1]] = cell
    return values


def _is_index(place: int, name: str) -> bool:
    # pandas, and R, leave the name of the first column empty.
    return (place == 0 and not name) or bool(_INDEX.fullmatch(name))


def _words_of(unknown: Sequence[str], names: Sequence[str], known: Mapping[str, ColumnPath]) -> str:
    if "" in unknown:
        return f"Column {names.index('', 1) + 1} of the header has no name."
    return f"Unknown columns: {', '.join(unknown)}. Known are: {', '.join(known)}."
