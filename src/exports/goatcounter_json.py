"""GoatCounter's export as JSON: visits by hour in UTC, and by page."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from exports.found import VISIT, DayTotal, Found, Note, Place, Unusable
from exports.json_items import Item, json_lines
from exports.parts import Part, left_out

_VISITS: Final = Note(
    "The JSON export of GoatCounter has visits of pages and no pageviews: a page that was seen twice in a "
    "visit counts once."
)
_DIMENSIONS: Final = Note(
    "Browsers, systems, sizes, places and languages are left out: the export does not say them together. So "
    "the device of each total is unknown."
)
_DAYS: Final = Note(
    "The hours of the export are added up to days in UTC. If your reporting time zone is another one, name "
    "it with --time-zone."
)
_PATHS, _HITS = "paths.jsonl", "hit_stats.jsonl"


class _Hour(NamedTuple):
    at: datetime
    name: str
    path: str


class _Visits(NamedTuple):
    place: Place
    number: int


def read_hours(parts: Sequence[Part], zone: ZoneInfo | None) -> Iterator[Found]:
    """Days begin in the zone; in UTC without one. Raises InvalidFile."""
    hours: dict[_Hour, _Visits] = {}
    pages = {_folder(part): part for part in parts if part.base == _PATHS}
    for part in parts:
        if part.base == _HITS and _folder(part) in pages:
            yield from _read(part, _names_in(pages[_folder(part)]), hours)
    if hours:
        yield from (_VISITS, _DIMENSIONS)
        if zone is None:
            yield _DAYS
    for (at, name, path), (place, count) in hours.items():
        yield DayTotal(place, at.astimezone(zone or UTC).date(), name, path, count)
    if parts and not hours:
        yield left_out(parts[0], "it has no visits by hour (hit_stats.jsonl), or no paths (paths.jsonl).")


def _folder(part: Part) -> str:
    return str(PurePosixPath(part.name).parent)


def _names_in(part: Part) -> Mapping[int, tuple[str, str]]:
    """The name and path of each page or event, by its id."""
    return {
        item.value["id"]: (item.value["path"], "") if item.value.get("event") else (VISIT, item.value["path"])
        for item in json_lines(part)
        if isinstance(item, Item)
    }


def _read(
    part: Part, names: Mapping[int, tuple[str, str]], hours: dict[_Hour, _Visits]
) -> Iterator[Unusable]:
    """Adds the referrers of an hour up. What a later export has again replaces what an earlier one has."""
    for item in json_lines(part):
        if isinstance(item, Unusable):
            yield item
            continue
        try:
            value: dict[str, Any] = item.value
            hour = _Hour(datetime.fromisoformat(value["hour"]), *names[value["path_id"]])
            count = int(value["count"])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            yield Unusable(item.place, f"no visits of an hour: {error!r}", str(item.value))
            continue
        kept = hours.get(hour)
        before = kept.number if kept and kept.place.file == part.name else 0
        hours[hour] = _Visits(item.place, before + count)
