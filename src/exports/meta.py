"""Instagram and Facebook: daily series of Meta's Business Suite. They are of accounts, not of posts."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from exports.export import Export
from exports.found import PAGEVIEW, DayTotal, Found, Place, Unusable
from exports.parts import left_out
from exports.rows import Row, rows_of
from exports.sums import whole, why_not_summed
from exports.values import InvalidValue

_SEPARATOR: Final = re.compile(r"sep=(.)")
_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)T[\d:]+", re.ASCII)
"""The hour depends on the zone of whoever downloaded it, and means nothing."""
_LIFETIME: Final = "Lifetime"
_VIEWS: Final = "views"
_HEAD: Final = 3
"""`sep=,`, the title, the names of columns."""


class _Cell(NamedTuple):
    folder: str
    title: str
    day: date


def read_meta(export: Export) -> Iterator[Found]:
    """The path of a total is the folder of its file: nothing else tells Instagram from Facebook."""
    seen: dict[_Cell, tuple[Place, int]] = {}
    for part in export.parts:
        head = [row for row in islice(rows_of(part), _HEAD + 1) if isinstance(row, Row)]
        why = _why_not(head)
        if why:
            yield left_out(part, why)
            continue
        folder, title = PurePosixPath(part.name).parent.name, head[1].cells[0]
        for row in islice(rows_of(part, _separator(head)), _HEAD, None):
            total = row if isinstance(row, Unusable) else _total(row, folder, title)
            yield _once(seen, title, total) if isinstance(total, DayTotal) else total


def _separator(head: Sequence[Row]) -> str:
    found = _SEPARATOR.match(",".join(head[0].cells))
    return found[1] if found else ","


def _why_not(head: Sequence[Row]) -> str:
    if any(_LIFETIME in row.cells for row in head):
        return "it has totals of posts since they appeared, and no days."
    if len(head) <= _HEAD or not head[0].cells[0].startswith("sep="):
        return "it has no days."
    if not _DAY.match(head[_HEAD].cells[0].split(_separator(head))[0].strip('"')):
        return "it has no days."
    title = head[1].cells[0]
    reason = why_not_summed(title)
    return f"“{title}” cannot be added up: {reason}." if reason else ""


def _total(row: Row, folder: str, title: str) -> DayTotal | Unusable:
    name = PAGEVIEW if title.lower() == _VIEWS else title
    try:
        return DayTotal(row.place, _day_of(row.cells[0]), name, folder, whole(title, row.cells[-1]))
    except InvalidValue as error:
        return Unusable(row.place, str(error), ",".join(row.cells))


def _day_of(text: str) -> date:
    """Raises InvalidValue."""
    found = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise InvalidValue(f"{text[:40]!r} is no day such as 2026-03-01T00:00:00") from None


def _once(seen: dict[_Cell, tuple[Place, int]], title: str, total: DayTotal) -> Found:
    """The files of Facebook and of Instagram can have one name and one title."""
    place, count = seen.setdefault(_Cell(total.path, title, total.day), (total.place, total.count))
    if count == total.count:
        return total
    return Unusable(
        total.place,
        f"{place.file} has {count:,} for this day. If one is of Facebook and one of Instagram, put each"
        " into a folder of its own",
        f"{total.day},{total.count}",
    )
