"""How many sketches of visitors there are, as evidence for a figure."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select

from database import Statement, table_of
from loaders.base import Loader
from loaders.evidence import of_asked, within
from models import Day, VisitorSketch

SKETCHES = table_of(VisitorSketch).c


class SketchesKey(NamedTuple):
    tenant_id: int
    kind: int
    subject_ids: tuple[int, ...]
    first: date
    stop: date


class SketchRows(Loader[SketchesKey, int]):
    """How many daily sketches of visitors there are. Each key has its own statement, because there are
    few."""

    _statement = Statement(
        select(func.count())
        .select_from(of_asked(VisitorSketch))
        .where(
            SKETCHES.subject_kind == bindparam("kind", type_=BigInteger()),
            within(SKETCHES.day, Day()),
        ),
        lambda count: count,
    )

    async def batch_load_fn(self, keys: Sequence[SketchesKey]) -> list[int]:
        return [await self._count(key) for key in keys]

    async def _count(self, key: SketchesKey) -> int:
        (count,) = await self.database.fetch(
            self._statement,
            tenants=[key.tenant_id],
            subjects=[(key.tenant_id, id, 0) for id in key.subject_ids],
            kind=key.kind,
            start=key.first,
            stop=key.stop,
        )
        return int(count)
