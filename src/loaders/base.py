from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from aiodataloader import DataLoader

from database import Database, Statement

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")


class Loader(DataLoader[K, V]):
    """One batch of keys, one statement. Lives for one request."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database


class RowLoader(Loader[K, R | None], Generic[K, R]):
    """At most one row for each key. The statement takes `keys`."""

    statement: ClassVar[Statement[Any]]
    key: ClassVar[str]
    """The column that is the key, by its name in the row."""

    async def batch_load_fn(self, keys: Sequence[K]) -> list[R | None]:
        # PostgreSQL refuses a whole list for one text with this character, which no stored text has.
        known = [key for key in keys if not (isinstance(key, str) and "\x00" in key)]
        rows = await self.database.fetch(self.statement, keys=known)
        found = {getattr(row, self.key): row for row in rows}
        return [found.get(key) for key in keys]
