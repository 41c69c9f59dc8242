"""Google Analytics 4: events of BigQuery, and reports as CSV.

Events come as Parquet, as lines of JSON, where whole numbers are texts, and as the array of "save results",
where all values are texts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final

from exports.addresses import page_of
from exports.export import Export
from exports.found import PAGEVIEW, Event, Found, Place, Unusable, device_of
from exports.google_reports import report_in
from exports.json_items import Item, json_array, json_lines
from exports.objects import WRONG_SHAPE, text_of, unusable
from exports.parquet_items import is_parquet, parquet_items
from exports.parts import Part, left_out
from exports.values import InvalidValue

_TABLE: Final = re.compile(r"events_(?:(?P<kind>intraday|fresh)_)?(?P<day>\d{8})")
_KINDS: Final = (None, "fresh", "intraday")
"""Of one day, only the first of these kinds counts: all have the same events."""
_TOLD_BY: Final = (
    "user_pseudo_id",
    "stream_id",
    "event_bundle_sequence_id",
    "batch_page_id",
    "batch_ordering_id",
    "batch_event_index",
)
"""Events have no id. Those that a browser sent together have one instant, and these tell them apart."""
_COLUMNS: Final = ("event_timestamp", "event_name", "event_params", "user_id", "device", *_TOLD_BY)
_NAMES: Final = {"page_view": PAGEVIEW}
_START: Final = 1_000
_BEFORE_ARRAYS: Final = b"\xef\xbb\xbf \t\r\n"
"""Blanks, and a byte order mark."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_google_analytics(export: Export) -> Iterator[Found]:
    best = _best_kinds(export.parts)
    for part in export.parts:
        table = _TABLE.match(part.base)
        if table and table["kind"] != best[table["day"]]:
            yield left_out(part, "another kind of table has the events of the same day.")
        else:
            yield from _found_in(part)


def _best_kinds(parts: Iterable[Part]) -> dict[str, str | None]:
    """The kind that counts of each day."""
    tables = [table for part in parts if (table := _TABLE.match(part.base))]
    found = {(table["day"], table["kind"]) for table in tables}
    return {table["day"]: next(kind for kind in _KINDS if (table["day"], kind) in found) for table in tables}


def _found_in(part: Part) -> Iterator[Found]:
    if is_parquet(part):
        yield from _events(part, parquet_items(part, _COLUMNS))
    elif part.base.lower().endswith(".csv"):
        yield from report_in(part)
    else:
        yield from _events(part, json_array(part) if _is_array(part) else json_lines(part))


def _is_array(part: Part) -> bool:
    with part.open() as stream:
        return stream.read(_START).lstrip(_BEFORE_ARRAYS).startswith(b"[")


def _events(part: Part, items: Iterator[Item | Unusable]) -> Iterator[Found]:
    first = next(items, None)
    if not isinstance(first, Item) or not _has_name(first.value):
        yield left_out(part, "it has no events of Google Analytics 4.")
        return
    for item in chain([first], items):
        yield _event(item) if isinstance(item, Item) else item


def _has_name(row: Any) -> bool:
    return isinstance(row, dict) and "event_name" in row


def _event(item: Item) -> Event | Unusable:
    row = item.value
    try:
        params = _params(row.get("event_params") or ())
        at = _EPOCH + timedelta(microseconds=int(row["event_timestamp"]))
        return _event_of(item.place, at, row, params)
    except InvalidValue as error:
        return unusable(item, str(error))
    except WRONG_SHAPE:
        return unusable(item, "it has not the shape of an event of Google Analytics 4")


def _event_of(place: Place, at: datetime, row: Mapping[str, Any], params: Mapping[str, Any]) -> Event:
    """Raises InvalidValue."""
    device = row.get("device") or {}
    page = page_of(text_of(params.get("page_location") or params.get("firebase_screen")))
    name = text_of(row["event_name"])
    return Event(
        place,
        at,
        _NAMES.get(name, name),
        page.path,
        host=page.host or text_of((device.get("web_info") or {}).get("hostname")) or None,
        # Without consent, there is neither.
        visitor=text_of(row.get("user_id") or row.get("user_pseudo_id")) or None,
        device=device_of(text_of(device.get("category"))),
        mark="|".join(text_of(row.get(name)) for name in _TOLD_BY),
    )


def _params(params: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A value stands under its type, and the same parameter can be of several types."""
    return {
        param["key"]: next((value for value in (param["value"] or {}).values() if value is not None), None)
        for param in params
    }
