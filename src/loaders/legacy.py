"""Objects of organizations by the ids that they had in other systems."""

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from sqlalchemy import Select

from database import Statement, among
from loaders.base import Loader

R = TypeVar("R")


class LegacyKey(NamedTuple):
    """Two organizations may have brought the same id."""

    organization_id: int
    legacy_id: str


def of_legacy_ids(rows: Select[Any], columns: Any) -> Select[Any]:
    """The rows among which those of the keys are."""
    return rows.where(among(columns.organization_id, "organizations"), among(columns.legacy_id, "legacy_ids"))


class LegacyLoader(Loader[LegacyKey, R | None], Generic[R]):
    """Gives at most one row for each key."""

    statement: ClassVar[Statement[Any]]

    async def batch_load_fn(self, keys: Sequence[LegacyKey]) -> list[R | None]:
        rows = await self.database.fetch(
            self.statement,
            organizations=list({key.organization_id for key in keys}),
            legacy_ids=list({key.legacy_id for key in keys}),
        )
        found = {LegacyKey(row.organization_id, row.legacy_id): row for row in rows}
        return [found.get(key) for key in keys]
