"""What a large batch adds to the totals, by columns. `ingest.deltas` says what is counted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from base.arrays import numpy
from base.packed import month_of
from ingest.deltas import PackedKey
from ingest.event_columns import EventColumns

_DAY: Final = 3
"""The place of the day in a key."""
_SUBJECT: Final = 3
"""So many columns name a subject's total of all time."""
_BITS: Final = 62
"""A key that fits into so many bits is one number."""


class TotalColumns(NamedTuple):
    """Each as the columns of its table, with rows in the order of the key."""

    days: list[list[int]]
    months: list[list[int]]
    subjects: list[list[int]]


def total_columns(
    events: EventColumns, days: Sequence[int], domain_ids: Sequence[int], more: Mapping[PackedKey, int]
) -> TotalColumns | None:
    """What the events add, and `more`, which has deltas by day. None if the keys are too large for it."""
    given = (events.tenant_ids, events.subject_ids, events.actions, days, events.devices, domain_ids)
    columns = [
        _column([*column, *others])
        for column, others in zip(given, zip(*more, strict=True) if more else [()] * len(given), strict=True)
    ]
    counts = _column([*[1] * events.size, *more.values()])
    by_day = _added_up(columns, counts)
    by_month = by_day and _added_up(_in_months(by_day[:-1]), by_day[-1])
    by_subject = by_month and _added_up(by_month[:_SUBJECT], by_month[-1])
    if not by_day or not by_month or not by_subject:
        return None
    changed = by_subject[-1] != 0
    return TotalColumns(_lists(by_day), _lists(by_month), _lists([column[changed] for column in by_subject]))


def _column(values: Sequence[int]) -> Any:
    return numpy().array(values, "i8")


def _lists(columns: Sequence[Any]) -> list[list[int]]:
    return [column.tolist() for column in columns]


def _in_months(columns: Sequence[Any]) -> list[Any]:
    """The keys with the first day of the month in place of the day."""
    days, places = numpy().unique(columns[_DAY], return_inverse=True)
    months = _column(list(map(month_of, days.tolist())))[places]
    return [*columns[:_DAY], months, *columns[_DAY + 1 :]]


def _added_up(columns: Sequence[Any], counts: Any) -> list[Any] | None:
    """Each key once, in order, and its count. None if the keys are too large to be one number each."""
    firsts = [int(column.min()) for column in columns]
    sizes = [int(column.max()) - first + 1 for column, first in zip(columns, firsts, strict=True)]
    if sum(map(int.bit_length, sizes)) > _BITS:
        return None
    arrays = numpy()
    keys = columns[0] - firsts[0]
    for column, first, size in zip(columns[1:], firsts[1:], sizes[1:], strict=True):
        keys = keys * size + (column - first)
    order = keys.argsort(kind="stable")
    keys = keys[order]
    starts = arrays.flatnonzero(arrays.concatenate(([True], keys[1:] != keys[:-1])))
    rest, found = keys[starts], [arrays.add.reduceat(counts[order], starts)]
    for first, size in zip(firsts[:0:-1], sizes[:0:-1], strict=True):
        rest, place = arrays.divmod(rest, size)
        found.append(place + first)
    return [rest + firsts[0], *reversed(found)]
