"""The notes of an export, each told once."""

from collections.abc import Iterator
from typing import Final

from exports.found import Note

_NAMED: Final = 3


class Notes:
    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._files: dict[str, list[str]] = {}

    def add(self, note: Note) -> None:
        self._counts[note.text] = self._counts.get(note.text, 0) + note.count
        if note.file:
            self._files.setdefault(note.text, []).append(note.file)

    def __iter__(self) -> Iterator[str]:
        """One sentence for each."""
        for text, count in self._counts.items():
            if files := self._files.get(text):
                yield f"{_names(files)} {text if len(files) == 1 else _of_each(text)}"
            else:
                yield f"{count:,} {text}" if count else text


def _of_each(text: str) -> str:
    return text.replace("left out: it ", "left out: each ", 1)


def _names(files: list[str]) -> str:
    """The first ones, and the verb."""
    if len(files) == 1:
        return f"{files[0]} is"
    if len(files) <= _NAMED:
        return f"{', '.join(files)} are"
    return f"{', '.join(files[:_NAMED])} and {len(files) - _NAMED:,} more are"
