"""What can be done with many rows at once, on both engines."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlmodel import SQLModel

from database.bulk.columns import Row
from database.statement import Statement

Observe = Callable[[str], None]
"""Is called with the text of each statement."""
R = TypeVar("R")


class Bulk:
    """Statements within one transaction. Rows are tuples in the order of the table's columns."""

    def __init__(self, observe: Observe) -> None:
        self._observe = observe

    async def fetch(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        raise NotImplementedError

    async def add_missing(
        self, model: type[SQLModel], name: str, values: Sequence[Any], *, change: str
    ) -> None:
        """A row for each value of the unique column `name`. `change` is made to a row that is there."""
        raise NotImplementedError

    async def known(self, model: type[SQLModel], keys: Sequence[Row]) -> set[Row]:
        """Those of the keys that have a row. A key is in the order of the key's columns."""
        raise NotImplementedError

    async def insert_new(self, model: type[SQLModel], rows: Sequence[Row]) -> list[bool]:
        """Inserts the rows whose key is not there, and says which. No two rows may have the same key."""
        raise NotImplementedError

    async def claim(self, model: type[SQLModel], rows: Sequence[Row]) -> list[Row | None]:
        """Inserts the rows whose key is not there; locks and gives the others. No key may be twice."""
        raise NotImplementedError

    async def upsert(self, model: type[SQLModel], rows: Sequence[Row], change: str) -> None:
        """`change` says as SQL what becomes of a row that is there: `count = t.count + excluded.count`."""
        raise NotImplementedError
