"""The asset analytics API's own answers, saved as files: views of days as JSON, and summary reports as XLSX.

An answer does not say what it is about. So each stands beside its request: `{"request": ..., "answer": ...}`.
"""

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from exports.export import Export
from exports.found import DayTotal, Device, Found, Note, Place, device_of
from exports.json_items import Item
from exports.objects import text_of, unusable
from exports.parts import Part, left_out
from exports.summary_reports import report_in
from exports.values import InvalidValue
from ingest.file_lines import InvalidFile

_ZIP: Final = b"PK\x03\x04"
"""The bytes with which a workbook begins."""
_JSON: Final = (".json", ".jsonl", ".ndjson")
_LARGEST: Final = 64 << 20
_BLANKS: Final = re.compile(r"\s*")
_DAY: Final = re.compile(r"\d{8}", re.ASCII)
_ASSETS: Final = ("productsUuid", "productUuids")
"""Both spellings are in use."""
_BARE: Final = "views-data"
"""What is counted by an answer without its request."""
_RUNNING: Final = "Answers without days, such as that of a dashboard, are left out."


class _Subject(NamedTuple):
    """What an answer is about."""

    path: str
    name: str
    host: str | None


class _Cell(NamedTuple):
    subject: _Subject
    day: date
    device: Device | None


def read_asset_analytics(export: Export) -> Iterator[Found]:
    has_host: dict[tuple[str, str], bool] = {}
    for part in export.parts:
        if _begins_with(part, _ZIP):
            with part.open() as stream:
                yield from report_in(part, stream)
        elif part.base.lower().endswith(".csv"):
            yield left_out(part, "it has no days, and no range. Take the report as XLSX.")
        elif not part.base.lower().endswith(_JSON):
            yield left_out(part, "it is neither JSON nor XLSX.")
        else:
            yield from _answers_in(part, has_host)


def _begins_with(part: Part, start: bytes) -> bool:
    with part.open() as stream:
        return stream.read(len(start)) == start


def _answers_in(part: Part, has_host: dict[tuple[str, str], bool]) -> Iterator[Found]:
    """Of a cell that comes again, the last counts: requests can overlap."""
    cells: dict[_Cell, DayTotal] = {}
    for item in _values(part):
        answer = _answer_of(item.value)
        try:
            if "document" in answer:
                yield from report_in(part, _document(answer))
            elif "grid" not in answer:
                yield Note(_RUNNING, 1)
            else:
                subject = _subject(part, item.value, has_host)
                for total in _totals(item, subject):
                    cells[_Cell(subject, total.day, total.device)] = total
        except InvalidValue as error:
            yield unusable(item, str(error))
    yield from cells.values()


def _document(answer: Mapping[str, Any]) -> BytesIO:
    """Raises InvalidValue."""
    try:
        return BytesIO(b64decode(answer["document"]))
    except (TypeError, ValueError):
        raise InvalidValue("its document is no text in base64") from None


def _values(part: Part) -> Iterator[Item]:
    """All values of JSON in the file, however they stand below each other, and the items of lists. Raises
    InvalidFile.
    """
    with part.open() as stream:
        text = stream.read(_LARGEST + 1).decode("utf-8-sig", "replace").rstrip()
    if len(text) > _LARGEST:
        raise InvalidFile(f"{part.name} has more than {_LARGEST >> 20} MB: save fewer answers in one file.")
    read, number, place = json.JSONDecoder().raw_decode, 0, 0
    while place < len(text):
        try:
            value, place = read(text, _after_blanks(text, place))
        except (ValueError, RecursionError) as error:
            raise InvalidFile(f"{part.name} is no JSON after value {number}: {error}.") from None
        for one in value if isinstance(value, list) else [value]:
            number += 1
            yield Item(Place(part.name, number), one)


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _answer_of(value: Any) -> Mapping[str, Any]:
    """What the API calls `response`; empty if there is none."""
    answer = value.get("answer", value) if isinstance(value, dict) else None
    response = answer.get("response") if isinstance(answer, dict) else None
    return response if isinstance(response, dict) else {}


def _subject(part: Part, value: Any, has_host: dict[tuple[str, str], bool]) -> _Subject:
    """Raises InvalidValue."""
    request = value.get("request")
    if not isinstance(request, dict):
        return _Subject(PurePosixPath(part.base).stem, _BARE, None)
    host = text_of(request.get("domain")) or None
    subject = _Subject(_asset(request), _name(request), host)
    if has_host.setdefault(subject[:2], host is not None) is not (host is not None):
        raise InvalidValue(
            "another answer about this asset is of all domains, or this one is: both would add up"
        )
    return subject


def _asset(request: Mapping[str, Any]) -> str:
    assets: Any = next((request[name] for name in _ASSETS if request.get(name)), [])
    if not isinstance(assets, list) or len(assets) != 1:
        raise InvalidValue("views of several assets cannot be told apart: ask for one in each request")
    return text_of(assets[0])


def _name(request: Mapping[str, Any]) -> str:
    """`3DView`, `ARView click`, `ARView scan`, or `ARView click scan` for a sum of both."""
    actions = request.get("actionTypes")
    actions = sorted(map(text_of, actions)) if isinstance(actions, list) else []
    view_type = text_of(request.get("viewType"))
    return " ".join((view_type, *(action for action in actions if action != "view")))


def _totals(item: Item, subject: _Subject) -> list[DayTotal]:
    """Raises InvalidValue."""
    counts: Counter[tuple[date, Device | None]] = Counter()
    grid = _answer_of(item.value)["grid"]
    if not isinstance(grid, list):
        raise InvalidValue("its grid is no list")
    for point in grid:
        if not isinstance(point, dict):
            raise InvalidValue("a point of its grid is no object")
        counts[_day_of(point), device_of(text_of(point.get("deviceCategory")))] += _count_of(point)
    path, name, host = subject
    return [
        DayTotal(item.place, day, name, path, count, host, device) for (day, device), count in counts.items()
    ]


def _day_of(point: Mapping[str, Any]) -> date:
    text = str(point.get("dateInterval"))
    try:
        if _DAY.fullmatch(text):
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        pass
    raise InvalidValue(f"dateInterval is {text[:40]!r}, which is no day such as 20230605: ask for DAY")


def _count_of(point: Mapping[str, Any]) -> int:
    count = point.get("count")
    if not isinstance(count, int) or count < 0:
        raise InvalidValue(f"count is {count!r}, which is no whole number of 0 or more")
    return count
