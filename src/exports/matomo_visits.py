"""Matomo's visits, `Live.getLastVisitsDetails`. Each has its actions, which are events."""

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from exports.addresses import page_of
from exports.found import PAGEVIEW, Event, Found, Note, Place, Unusable, device_of
from exports.json_items import json_array
from exports.parts import Part, left_out
from exports.rows import Cells, table_of

VISITS: Final = ("idVisit", "lastActionTimestamp")
"""Columns of the list of visits."""
_COLUMN: Final = re.compile(r"actionDetails_(\d+)_(\w+)")
"""CSV has a column for each value of each action."""
_CUT_AFTER: Final = 100
_CUT: Final = (
    "has exactly 100 visits, after which Matomo cuts a list: export each day again with filter_limit=-1."
)
_NO_ACTIONS: Final = "it has visits without their actions (actionDetails). Export JSON instead."
_NO_ACTION: Final = "an action of the visit has no type, timestamp or address that can be read"
_Visit = Mapping[str, Any]


def read_visits_as_json(part: Part) -> Iterator[Found]:
    """Raises InvalidFile."""
    visits = 0
    for place, visit in json_array(part):
        visits += 1
        yield from _events(place, visit)
    yield from _notes(part, visits)


def read_visits_as_rows(part: Part, separator: str) -> Iterator[Found]:
    """Raises InvalidFile."""
    visits = 0
    has_actions = False
    for row in table_of(part, separator):
        if isinstance(row, Unusable):
            yield row
            continue
        visits += 1
        visit = _visit_of(row)
        has_actions |= bool(visit["actionDetails"])
        yield from _events(row.place, visit)
    if visits and not has_actions:
        yield left_out(part, _NO_ACTIONS)
    else:
        yield from _notes(part, visits)


def _visit_of(row: Cells) -> _Visit:
    actions: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for name, value in row.values.items():
        if value and (found := _COLUMN.fullmatch(name)):
            actions[int(found[1])][found[2]] = value
    return {**row.values, "actionDetails": [actions[number] for number in sorted(actions)]}


def _notes(part: Part, visits: int) -> Iterator[Note]:
    if visits == _CUT_AFTER:
        yield Note(f"{part.name} {_CUT}")


def _events(place: Place, visit: _Visit) -> Iterator[Found]:
    """Numbers may stand as texts."""
    try:
        actions = list(visit["actionDetails"])
    except (LookupError, TypeError):
        yield Unusable(place, "it is no visit with actions (actionDetails)", repr(visit)[:1000])
        return
    for action in actions:
        try:
            yield _event(place, visit, action)
        except (LookupError, TypeError, ValueError, OverflowError, OSError, AttributeError):
            yield Unusable(place, _NO_ACTION, repr(action)[:1000])


def _event(place: Place, visit: _Visit, action: Mapping[str, Any]) -> Event:
    kind = action["type"]
    address = html.unescape(action.get("url") or "")
    host, path = (None, address) if kind == "outlink" else page_of(address)
    return Event(
        place,
        datetime.fromtimestamp(float(action["timestamp"]), UTC),
        _name(action),
        path,
        id=str(action.get("pageId") or _id_of_goal(visit, action)),
        host=host,
        visitor=visit.get("userId") or visit.get("visitorId"),
        device=device_of(visit.get("deviceType") or ""),
    )


def _id_of_goal(visit: _Visit, action: Mapping[str, Any]) -> str:
    """Goals have no id of their own."""
    return f"{visit['idVisit']}/{action['type']}/{action.get('goalId', '')}/{action['timestamp']}"


def _name(action: Mapping[str, Any]) -> str:
    """An event has its category and action, and a goal its name."""
    match action["type"]:
        case "action":
            return PAGEVIEW
        case "event":
            return f"{action['eventCategory']}/{action['eventAction']}"
        case "goal":
            return f"goal/{action.get('goalName', '')}"
        case kind:
            return str(kind)
