"""Rows of tables, in the shape of events. Each format has a module that reads its rows."""

from typing import Any, NamedTuple


class Row(NamedTuple):
    number: int
    """Where it begins in the file, from 1."""
    values: dict[str, Any] | None
    """What it has, in the shape of an event."""
    problem: str = ""
    """Why it is no event."""
    text: str = ""
    """What stands in the file, if it is no row under this header."""
