"""Lines of files that were rejected."""

from collections import Counter
from typing import Final, NamedTuple

from ingest.rejected_lines import Content

SHOWN: Final = 20
"""How many are kept, to be shown."""


class Reject(NamedTuple):
    line: int
    reason: str
    detail: str = ""
    content: Content = Content()
    file: str = ""
    """Which of several files the line is in."""


class Rejects:
    """The lines that were rejected so far."""

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()
        self.first_rejects: list[Reject] = []

    def reject(self, reject: Reject) -> None:
        self.rejected[reject.reason] += 1
        if len(self.first_rejects) < SHOWN:
            self.first_rejects.append(reject)
