"""Simple Analytics: data points as CSV, with the columns that were asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from exports.addresses import page_of
from exports.export import Export
from exports.found import PAGEVIEW, Event, Found, Note, device_of
from exports.parts import Part, left_out
from exports.rows import Cells, header_of, table_of
from exports.values import InvalidValue, instant_in, read_each

_TIMES: Final = ("added_iso", "added_unix")
_TRUE: Final = frozenset({"true", "1", "t", "yes"})
_TOLD_BY: Final = ("session_id", "uuid")
"""`uuid` is not unique: events of one instant can share it."""


def read_simple_analytics(export: Export) -> Iterator[Found]:
    for part in export.parts:
        names = header_of(part)
        if not set(names).intersection(_TIMES):
            yield left_out(part, "it has neither added_iso nor added_unix.")
            continue
        if "datapoint" not in names:
            yield Note(f"{part.name} has no column datapoint: each line counts as a view of a page")
        yield from _events(export, part)


def _events(export: Export, part: Part) -> Iterator[Found]:
    return read_each(table_of(part), partial(_event, export))


def _event(export: Export, cells: Cells) -> Event | Note:
    if cells["is_robot"].lower() in _TRUE:
        return Note("events of robots are left out", 1)
    return Event(
        cells.place,
        _instant(export, cells),
        cells["datapoint"] or PAGEVIEW,
        page_of(cells["path"]).path,
        host=cells["hostname"] or None,
        visitor=cells["session_id"] or None,
        device=device_of(cells["device_type"]),
        mark="|".join(cells[name] for name in _TOLD_BY),
    )


def _instant(export: Export, cells: Cells) -> datetime:
    """Raises InvalidValue."""
    try:
        if cells["added_iso"]:
            return instant_in(cells, "added_iso", export.zone)
        return datetime.fromtimestamp(int(cells["added_unix"]), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidValue(str(error)) from None
