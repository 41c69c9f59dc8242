"""How many sketches of visitors, and how many attendances there are, as evidence for a figure."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select
from sqlmodel import SQLModel

from database import Statement, table_of
from loaders.base import Loader
from loaders.evidence import of_asked, within
from models import Attendance, Day, VisitorSketch


class SketchesKey(NamedTuple):
    tenant_id: int
    kind: int
    subject_ids: tuple[int, ...]
    first: date
    stop: date


def _number_of_rows(model: type[SQLModel]) -> Statement[int]:
    columns = table_of(model).c
    is_of_kind = columns.subject_kind == bindparam("kind", type_=BigInteger())
    return Statement(
        select(func.count()).select_from(of_asked(model)).where(is_of_kind, within(columns.day, Day())),
        lambda count: count,
    )


class SketchRows(Loader[SketchesKey, int]):
    """How many daily sketches of visitors there are. Each key has its own statement, because there are
    few."""

    _statement = _number_of_rows(VisitorSketch)

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


class AttendanceRows(SketchRows):
    """How many attendances there are. The days are those in UTC."""

    _statement = _number_of_rows(Attendance)
