"""GoatCounter's export as JSON: visits by hour in UTC, and by page."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from base.instants import instant_of
from base.numbers import LARGEST_SELF_REPORTED
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
_UNUSABLE: Final = "it needs an hour with an offset, a count, and a path_id that is in paths.jsonl"
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
    yield from _days(hours, zone or UTC)
    if parts and not hours:
        yield left_out(parts[0], "it has no visits by hour (hit_stats.jsonl), or no paths (paths.jsonl).")


def _days(hours: Mapping[_Hour, _Visits], zone: tzinfo) -> Iterator[DayTotal]:
    """One total for each day and page, although the hours of a day can be in several files."""
    days: dict[tuple[date, str, str], _Visits] = {}
    for (at, name, path), (place, count) in hours.items():
        key = (at.astimezone(zone).date(), name, path)
        first, before = days.get(key, (place, 0))
        days[key] = _Visits(first, before + count)
    for (day, name, path), (place, count) in days.items():
        yield DayTotal(place, day, name, path, count)


def _folder(part: Part) -> str:
    return str(PurePosixPath(part.name).parent)


def _names_in(part: Part) -> Mapping[int, tuple[str, str]]:
    """The name and path of each page or event, by its id. Lines that cannot be read are left out, so that
    their visits are unusable.
    """
    pages = (item.value for item in json_lines(part) if isinstance(item, Item) and _is_page(item.value))
    return {page["id"]: (page["path"], "") if page.get("event") else (VISIT, page["path"]) for page in pages}


def _is_page(value: Any) -> bool:
    return isinstance(value, dict) and type(value.get("id")) is int and type(value.get("path")) is str


def _count(value: Any) -> int:
    """Raises ValueError and alike. One bad hour must not spoil the sum of its day."""
    count = int(value)
    if not 0 <= count <= LARGEST_SELF_REPORTED:
        raise ValueError
    return count


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
            hour = _Hour(instant_of(value["hour"]), *names[value["path_id"]])
            count = _count(value["count"])
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError):
            yield Unusable(item.place, _UNUSABLE, str(item.value))
            continue
        kept = hours.get(hour)
        before = kept.number if kept and kept.place.file == part.name else 0
        hours[hour] = _Visits(item.place, before + count)
