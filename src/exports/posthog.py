"""PostHog: batch exports as lines of JSON and as Parquet, events and SQL's answers as CSV."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from base.instants import InvalidInstant
from exports.addresses import page_of
from exports.export import Export
from exports.found import PAGEVIEW, Event, Found, Note, Unusable, device_of
from exports.json_items import Item, json_lines
from exports.objects import WRONG_SHAPE, text_of, unusable
from exports.parquet_items import is_parquet, parquet_items
from exports.parts import Part, left_out
from exports.rows import Cells, header_of, table_of
from exports.values import InvalidValue

_COLUMNS: Final = ("uuid", "timestamp", "event", "properties", "distinct_id", "person_id")
_NAMES: Final = {"$pageview": PAGEVIEW}
_PAGES: Final = ("$current_url", "$pathname", "$screen_name")
"""The last one is of apps."""
_MANIFEST: Final = "_manifest.json"
_PACKED: Final = (".zst", ".lz4", ".sz")
_NESTED: Final = "properties."
_IDS: Final = frozenset({"uuid", "id"})
_LIMITS: Final = frozenset({3_500, 10_000, 50_000, 100_000})
"""How many rows PostHog gave at most, in its versions."""


def read_posthog(export: Export) -> Iterator[Found]:
    for part in export.parts:
        if part.base.endswith(_MANIFEST):
            continue
        if is_parquet(part):
            yield from _events(export, parquet_items(part, _COLUMNS))
        elif part.base.endswith(_PACKED):
            yield left_out(part, "it is packed with another program than gzip and brotli. Unpack it first.")
        elif part.base.lower().endswith(".csv"):
            yield from _events(export, _csv_items(part))
        else:
            yield from _events(export, json_lines(part))


def _csv_items(part: Part) -> Iterator[Item | Unusable | Note]:
    if not _IDS.intersection(header_of(part)):
        yield Note(f"{part.name} has no column uuid: what another export has of it counts once more")
    rows = 0
    for cells in table_of(part):
        rows += 1
        yield Item(cells.place, _row(cells)) if isinstance(cells, Cells) else cells
    if rows in _LIMITS:
        yield Note(f"{part.name} has {rows:,} rows. PostHog cuts files off there: events may be missing.")


def _row(cells: Cells) -> dict[str, Any]:
    """In the events' own file, each property has a column. SQL's answers have properties as JSON."""
    values = {name: value for name, value in cells.values.items() if value}
    nested = {name.removeprefix(_NESTED): value for name, value in values.items() if name.startswith(_NESTED)}
    return {"uuid": values.get("id"), "properties": nested, **values}


def _events(export: Export, items: Iterator[Item | Unusable | Note]) -> Iterator[Found]:
    for item in items:
        yield _event(export, item) if isinstance(item, Item) else item


def _event(export: Export, item: Item) -> Event | Unusable:
    row = item.value
    try:
        properties = row.get("properties") or {}
        given = json.loads(properties) if isinstance(properties, str) else properties
        at = row["timestamp"]
        return _event_of(item, at if isinstance(at, datetime) else export.instant(at), given)
    except (InvalidInstant, InvalidValue) as error:
        return unusable(item, str(error))
    except WRONG_SHAPE:
        return unusable(item, "it has not the shape of an event of PostHog")


def _event_of(item: Item, at: datetime, properties: Mapping[str, Any]) -> Event:
    """Raises InvalidValue."""
    row = item.value
    page = page_of(next((text for name in _PAGES if (text := text_of(properties.get(name)))), ""))
    name = text_of(row["event"])
    return Event(
        item.place,
        at,
        _NAMES.get(name, name),
        page.path,
        id=text_of(row.get("uuid")) or None,
        host=page.host or text_of(properties.get("$host")) or None,
        # A person can have several distinct ids.
        visitor=text_of(row.get("person_id") or row.get("distinct_id")) or None,
        device=device_of(text_of(properties.get("$device_type"))),
        mark=text_of(row.get("distinct_id")),
    )
