"""The user's table: which events of another program mean what to which subject."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from exports.found import Unusable
from exports.parts import Part
from exports.rows import Cells, separator_of, table_of
from ingest.file_lines import InvalidFile
from reports.text import FORMULA_START

COLUMNS: Final = ("path", "event", "subject", "action", "count")
IGNORE: Final = "IGNORE"
"""The action for what is left out on purpose."""
_ANY: Final = "*"
_REMEMBERED: Final = 100_000
_CELL: Final = r"(?:^|(?<=[;\t]))"
"""Where a spreadsheet may begin a cell."""
# Apostrophes that are there are kept, too. A tab is no blank here, because a cell may begin behind it.
_BEFORE_FORMULA: Final = rf"(?='*(?:[^\S\t]|\")*{FORMULA_START})"
_FORMULA: Final = re.compile(_CELL + _BEFORE_FORMULA)
_GUARDED: Final = re.compile(f"{_CELL}'{_BEFORE_FORMULA}")


class What(NamedTuple):
    """What happened where, in the words of the other program."""

    path: str
    event: str

    def __str__(self) -> str:
        return f"{self.event} at {self.path}" if self.path else f"{self.event}, without a path"

    @property
    def is_open(self) -> bool:
        return _ANY in self.path or _ANY in self.event


class Rule(NamedTuple):
    line: int
    what: What
    """Both texts may have `*`, which stands for any characters."""
    subject: str
    """A global id, a legacy id, or the `customUrl` of a publication."""
    action: str


class Rules:
    """What an event or a total means is in the first line that matches it, and in all further lines with the
    same path and event.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_what: dict[What, list[Rule]] = {}
        for rule in rules:
            self._by_what.setdefault(rule.what, []).append(rule)
        self._open = [(_pattern(what), same) for what, same in self._by_what.items() if what.is_open]
        self.of = lru_cache(_REMEMBERED)(self._of)

    def __iter__(self) -> Iterator[Rule]:
        for same in self._by_what.values():
            yield from same

    def _of(self, what: What) -> list[Rule]:
        """None if the table does not say it."""
        exact = self._by_what.get(what)
        for pattern, same in self._open:
            if exact and exact[0].line < same[0].line:
                break
            if pattern.fullmatch("\n".join(what)):
                return same
        return exact or []


def guarded(text: str) -> str:
    """With an apostrophe where a spreadsheet would calculate the text, or its rest behind another separator
    than a comma.
    """
    return _FORMULA.sub("'", text)


def unguarded(text: str) -> str:
    """The text that was guarded."""
    return _GUARDED.sub("", text)


def rules_in(path: Path) -> Rules:
    """Reads a table with commas, semicolons or tabs. Lines without subject and action are for later, and
    count as absent. Raises InvalidFile.
    """
    part = Part(path.name, path)
    return Rules(rule for cells in _cells(part) if (rule := _rule(cells)))


def _cells(part: Part) -> Iterator[Cells]:
    separator = separator_of(part, COLUMNS[:4])
    if separator is None:
        raise InvalidFile(f"{part.name} needs a header with {', '.join(COLUMNS[:4])}.")
    for cells in table_of(part, separator):
        if isinstance(cells, Unusable):
            raise InvalidFile(f"{part.name}, line {cells.place.line}: {cells.reason}.")
        yield cells


def _rule(cells: Cells) -> Rule | None:
    subject, action = cells["subject"].strip(), cells["action"].strip().upper()
    if not subject and action != IGNORE:
        return None
    if not action:
        raise InvalidFile(f"{cells.place.file}, line {cells.place.line}: a subject without an action.")
    what = What(*(unguarded(cells[name]) for name in ("path", "event")))
    return Rule(cells.place.line, what, subject, action)


def _pattern(what: What) -> re.Pattern[str]:
    return re.compile("\n".join(".*".join(map(re.escape, text.split(_ANY))) for text in what), re.DOTALL)
