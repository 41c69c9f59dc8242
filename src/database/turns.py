"""Rows that are converted in turns, because they are many."""

from collections.abc import Callable
from typing import TypeVar

from database.snapshot import Fetched
from database.usage import Usage

R = TypeVar("R")


async def in_turns(fetched: Fetched, rows: Callable[[Fetched], list[R]], usage: Usage) -> list[R]:
    """Converts many rows; other requests come in between."""
    found: list[R] = []
    async for batch in usage.run_queue.batches(fetched):
        found += rows(batch)
    return found
