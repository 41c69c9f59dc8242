"""Totals of days of other programs, added up by what they mean."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from base.numbers import LARGEST_SELF_REPORTED
from exports.found import DayTotal, Device, Place
from exports.mapping import What
from ingest.wire import WireDevice, WireSubject
from ingest.wire_totals import TotalLine, WireTotal, WireTotalAction
from resolvers.export_subjects import Meaning


class _Key(NamedTuple):
    meaning: Meaning
    day: date
    host: str | None
    device: Device | None
    what: What


class DayTotals:
    """Rows of one file add up. What a later file says again is not added: exports may overlap."""

    def __init__(self) -> None:
        self.replaced = 0
        """How many totals of an earlier file a later one has again."""
        self._kept: dict[_Key, tuple[Place, int]] = {}

    def add(self, total: DayTotal, meanings: list[Meaning]) -> None:
        for meaning in meanings:
            key = _Key(meaning, total.day, total.host, total.device, What(total.path, total.name))
            place, count = self._kept.get(key, (total.place, 0))
            if place.file != total.place.file:
                self.replaced += 1
                count = 0
                place = total.place
            self._kept[key] = (place, count + total.count)

    @property
    def subjects(self) -> set[WireSubject]:
        return {key.meaning.subject for key in self._kept}

    def lines(self) -> Iterator[TotalLine]:
        """The place of each is that of its first row."""
        for key, (place, count) in self._kept.items():
            if count > LARGEST_SELF_REPORTED:
                yield TotalLine(place.line, None, f"{count:,} is more than a total can be", file=place.file)
                continue
            total = WireTotal(
                key.meaning.subject,
                WireTotalAction.__members__[key.meaning.action.name],
                key.day,
                count,
                WireDevice[key.device] if key.device else None,
                key.host,
            )
            yield TotalLine(place.line, total, file=place.file)
