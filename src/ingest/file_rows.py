"""Rows of tables, in the shape of events. Each format has a module that reads its rows."""

from typing import Any, NamedTuple


def unreadable(shown: str) -> dict[str, str]:
    """Stands for a cell that cannot be read. No field takes it, so nobody imports it by mistake."""
    return {"unreadable": shown}


class Row(NamedTuple):
    number: int
    """Where it begins in the file, from 1."""
    values: dict[str, Any] | None
    """What it has, in the shape of an event."""
    problem: str = ""
    """Why it is no event."""
    text: str = ""
    """What stands in the file, if it is no row under this header."""
