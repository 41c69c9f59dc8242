"""Tenants of whom there are days to fold."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, and_, bindparam, func, or_, select

from base.calendar import FIRST_DAY
from base.time_units import DAY
from database import Database, Statement, among, ordered_join, rows_of, table_of
from ingest.columns import DAYS, TENANTS
from models import Day, DayTotal

_TENANTS: Final = 500
"""So many are asked about at once."""
_ROWS: Final = 10_000
_BEFORE: Final = bindparam("before", type_=Day())


class _Candidate(NamedTuple):
    id: int
    hours_before: date | None
    is_begun: bool
    """Whether somebody folds its days, or has ended halfway."""

    @property
    def first(self) -> date:
        """A day of the reporting time zone may end on the day after it in UTC."""
        return (self.hours_before or FIRST_DAY) - DAY


class _Counted(NamedTuple):
    id: int
    rows: int


_CANDIDATES: Final = Statement(
    select(TENANTS.id, TENANTS.hours_before, TENANTS.folding_since.is_not(None))
    .where(
        TENANTS.id > bindparam("after", type_=BigInteger()),
        TENANTS.deleted_at.is_(None),
        or_(
            TENANTS.hours_before.is_(None), TENANTS.hours_before < _BEFORE, TENANTS.folding_since.is_not(None)
        ),
    )
    .order_by(TENANTS.id)
    .limit(_TENANTS),
    _Candidate,
)
"""Tenants of whom not all days are folded. Most of them may have no events at all."""
_ASKED: Final = rows_of("asked", tenant_id=BigInteger(), day=Day()).table_valued(
    "tenant_id", "day", name="asked"
)
_ROWS_LATER: Final = (
    select(DAYS.tenant_id)
    .select_from(
        ordered_join(
            _ASKED,
            table_of(DayTotal),
            and_(
                among(DAYS.tenant_id, "ids"),
                DAYS.tenant_id == _ASKED.c.tenant_id,
                DAYS.day >= _ASKED.c.day,
                DAYS.day <= _BEFORE,
            ),
        )
    )
    .limit(_ROWS)
    .subquery()
)
_COUNTED_LATER: Final = Statement(
    select(_ROWS_LATER.c.tenant_id, func.count()).group_by(_ROWS_LATER.c.tenant_id), _Counted
)


async def unfolded_tenants(database: Database, before: date) -> AsyncIterator[int]:
    """Those of whom a day before this one may not be folded yet, in the order of their ids.

    It takes two short statements for some hundreds of tenants, because a cluster cannot join tenants with
    totals.
    """
    after = 0
    while some := await database.fetch(_CANDIDATES, after=after, before=before):
        after = some[-1].id
        begun = {one.id for one in some if one.is_begun}
        asked = {one.id: one.first for one in some if one.id not in begun}
        for id in sorted(begun | await _counted_later(database, asked, before)):
            yield id


async def _counted_later(database: Database, asked: dict[int, date], before: date) -> set[int]:
    """The tenants for whom something was counted from such a day on.

    One with very many totals could have them all read. So only so many are read at a time, and nothing more
    of the tenants that are found.
    """
    found: set[int] = set()
    rows = _ROWS
    while rows >= _ROWS and (left := sorted(asked.keys() - found)):
        days = [(id, asked[id]) for id in left]
        counted = await database.fetch(_COUNTED_LATER, asked=days, ids=left, before=before)
        rows = sum(one.rows for one in counted)
        found.update(one.id for one in counted)
    return found
