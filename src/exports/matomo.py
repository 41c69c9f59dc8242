"""Matomo: visits with their actions, and reports of pages by day."""

from collections.abc import Iterator
from typing import Final

from exports.export import Export
from exports.found import Event, Found
from exports.matomo_reports import PAGES, read_pages
from exports.matomo_visits import VISITS, read_visits_as_json, read_visits_as_rows
from exports.parts import Part, left_out
from exports.rows import header_of, separator_of

_NO_DATA: Final = ["No data available"]
_SAME: Final = (
    "its pageviews are those of the visits, which count instead. For other days, bring it in a run of its "
    "own."
)


def read_matomo(export: Export) -> Iterator[Found]:
    """Raises InvalidFile."""
    reports: list[tuple[Part, str]] = []
    has_events = False
    for part in export.parts:
        if separator := _separator_of(part, PAGES):
            reports.append((part, separator))
            continue
        for found in _read(part):
            has_events |= isinstance(found, Event)
            yield found
    for part, separator in reports:
        if has_events:
            yield left_out(part, _SAME)
        else:
            yield from read_pages(part, separator)


def _read(part: Part) -> Iterator[Found]:
    if _is_json(part):
        yield from read_visits_as_json(part)
    elif separator := _separator_of(part, VISITS):
        yield from read_visits_as_rows(part, separator)
    else:
        yield left_out(part, _why(part))


def _is_json(part: Part) -> bool:
    return part.base.endswith(".json")


def _separator_of(part: Part, names: tuple[str, ...]) -> str | None:
    return None if _is_json(part) else separator_of(part, names)


def _why(part: Part) -> str:
    header = header_of(part)
    if header == _NO_DATA:
        return "it says that there is no data."
    if any(name.startswith("nb_visits") for name in header):
        return "it has visits and people of the whole site. Export Actions.getPageUrls, with flat=1."
    return (
        "it is neither Live.getLastVisitsDetails nor Actions.getPageUrls with the names of the API "
        "(translateColumnNames=0). Reports by mail have no days."
    )
