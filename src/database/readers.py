"""What statements that only read are asked of."""

from typing import Any, Protocol

from database.moment import Fetched, Moment

MOMENTS = 3
"""For each statement that runs at a time."""
LARGE_MOMENTS = 2
"""Of these, the most that those have who take long."""


class Readers(Protocol):
    """Whoever is cancelled while it fetches ends the statement, too."""

    async def fetch(self, text: str, arguments: list[Any]) -> Fetched: ...

    def moment(self, *, is_large: bool) -> Moment:
        """`is_large`: whether much is made of what is read, which takes long."""

    async def are_there(self) -> bool:
        """Whether the database answers anybody at all."""

    async def close(self) -> None: ...
