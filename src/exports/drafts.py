"""A first table for the user, with everything that was found in an export."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from exports.found import DayTotal, Event, Found, Note, Unusable
from exports.mapping import COLUMNS, What, guarded
from exports.notes import Notes


class Suggestion(NamedTuple):
    subject: str = ""
    action: str = ""


_NOTHING: Final = Suggestion()
_SHOWN: Final = 5


class Inventory:
    """What an export has: how often each thing happened at each path, and the notes for the user."""

    def __init__(self, found: Iterable[Found]) -> None:
        self.counts: Counter[What] = Counter()
        self.notes = Notes()
        self.unusable = 0
        self.first_unusable: list[Unusable] = []
        self.hosts: Counter[str] = Counter()
        """How many events and totals each site has."""
        for one in found:
            match one:
                case Event() | DayTotal():
                    self.counts[What(one.path, one.name)] += 1 if isinstance(one, Event) else one.count
                    self.hosts.update([one.host] if one.host else [])
                case Note():
                    self.notes.add(one)
                case Unusable():
                    self.unusable += 1
                    if len(self.first_unusable) < _SHOWN:
                        self.first_unusable.append(one)


def write_draft(file: Path, counts: Counter[What], suggested: Mapping[What, Suggestion]) -> None:
    """The most frequent come first. A file that is there is not replaced: FileExistsError."""
    # The byte order mark tells Excel that it is UTF-8.
    with file.open("x", encoding="utf-8-sig", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(COLUMNS)
        for what, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
            subject, action = suggested.get(what, _NOTHING)
            lines.writerow([guarded(what.path), guarded(what.event), subject, action, count])
