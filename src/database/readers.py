"""The readers: they run statements that only read."""

from typing import Any, Protocol

from database.snapshot import Fetched, Snapshot
from database.statement import Compiled

SNAPSHOTS = 3
"""How many snapshots may be open for each statement that may run at a time."""
LARGE_SNAPSHOTS = 2
"""How many of these may be large ones."""


WRITERS = 15
"""How many units of work a worker may have open: the pool of SQLAlchemy."""
_LISTENERS = 2


def most_connections(readers: int) -> int:
    """How many connections to PostgreSQL a worker holds at most."""
    return readers * (SNAPSHOTS + 2) + WRITERS + _LISTENERS


class Readers(Protocol):
    """When a task is cancelled while it fetches, its statement ends too."""

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched: ...

    def snapshot(self, *, is_large: bool) -> Snapshot:
        """`is_large`: whether much is computed from what is read, which takes long."""

    async def is_reachable(self) -> bool:
        """Whether the database answers at all."""

    async def close(self) -> None: ...
