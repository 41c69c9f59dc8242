"""Umami: the export of its cloud, and the tables of one's own server."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from exports.export import Export
from exports.found import PAGEVIEW, Device, Event, Found, Note, device_of
from exports.parts import Part, left_out
from exports.rows import Cells, header_of, table_of
from exports.values import InvalidValue, instant_in, read_each

_EVENTS: Final = frozenset(("event_id", "session_id", "event_type", "created_at", "url_path"))
_SESSIONS: Final = frozenset(("session_id", "device"))
_NULL: Final = r"\N"
_UTC: Final = ZoneInfo("UTC")
_CUSTOM, _PERFORMANCE = "2", "5"
_NAMES: Final = {"1": PAGEVIEW, "3": "link", "4": "pixel"}
_MEASURED: Final = Note("measurements of how fast pages are (type 5) are left out: they are no views.", 1)
_MONTHS: Final = Note(
    "Umami's ids of sessions change each month, or as you set it: a visitor without an id of your own counts "
    "anew then."
)
_OVERVIEW: Final = (
    "it is a download of the overview, which has sums without days, cut after 500 rows. Take the data export "
    "of Umami Cloud, or the tables website_event and session of your own server."
)
_Devices: TypeAlias = dict[str, Device | None]


def read_umami(export: Export) -> Iterator[Found]:
    """Raises InvalidFile."""
    headers = {part: header_of(part) for part in export.parts}
    events = [part for part, header in headers.items() if set(header) >= _EVENTS]
    sessions = [part for part, header in headers.items() if set(header) >= _SESSIONS and part not in events]
    devices = _devices_of(sessions)
    for part in events:
        yield _MONTHS
        yield from read_each(table_of(part), partial(_event, zone=export.zone or _UTC, devices=devices))
    for part, header in headers.items():
        if part not in events and part not in sessions:
            yield left_out(part, _why(header))


def _why(header: list[str]) -> str:
    if "data_key" in header:
        return "it has properties, which Viewgraph does not keep."
    # A file of the overview without rows has no header either.
    return _OVERVIEW if header in ([], ["x", "y"]) else "it is no table of events or sessions of Umami."


def _devices_of(parts: Iterable[Part]) -> _Devices:
    """On one's own server, the device is in the table of sessions."""
    return {
        cells["session_id"]: device_of(cells["device"])
        for part in parts
        for cells in table_of(part)
        if isinstance(cells, Cells)
    }


def _event(cells: Cells, *, zone: ZoneInfo, devices: _Devices) -> Event | Note:
    """Times without an offset are in UTC, unless the user says another zone."""
    kind = cells["event_type"]
    if kind == _PERFORMANCE:
        return _MEASURED
    name = _text(cells, "event_name") if kind == _CUSTOM else _NAMES.get(kind)
    if not name:
        raise InvalidValue(f"event_type is {kind[:40]!r}, and event_name is {cells['event_name'][:40]!r}")
    session = _text(cells, "session_id")
    return Event(
        cells.place,
        instant_in(cells, "created_at", zone),
        name,
        unquote(_text(cells, "url_path") or ""),
        id=_text(cells, "event_id"),
        host=_text(cells, "hostname"),
        visitor=_text(cells, "distinct_id") or session,
        device=device_of(cells["device"]) if "device" in cells.values else devices.get(session or ""),
    )


def _text(cells: Cells, column: str) -> str | None:
    """None for a null, as ClickHouse and PostgreSQL write it."""
    text = cells[column]
    return None if text in ("", _NULL) else text
