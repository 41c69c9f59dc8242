"""Tenants of whom there are days to fold."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, and_, bindparam, or_, select

from base.calendar import FIRST_DAY
from base.time_units import DAY
from database import Database, Statement, among, ordered_join, rows_of, table_of
from ingest.columns import DAYS, TENANTS
from models import Day, DayTotal

_TENANTS: Final = 500
"""So many are asked about at once."""
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
_COUNTED_LATER: Final = Statement(
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
    .group_by(DAYS.tenant_id),
    int,
)
"""Those for whom something was counted on such a day."""


async def unfolded_tenants(database: Database, before: date) -> AsyncIterator[int]:
    """Those of whom a day before this one may not be folded yet, in the order of their ids.

    It takes two short statements for some hundreds of tenants, because a cluster cannot join tenants with
    totals.
    """
    after = 0
    while some := await database.fetch(_CANDIDATES, after=after, before=before):
        after = some[-1].id
        asked = [(one.id, one.first) for one in some if not one.is_begun]
        ids = [id for id, _ in asked]
        counted = await database.fetch(_COUNTED_LATER, asked=asked, ids=ids, before=before) if ids else []
        for id in sorted({*counted, *(one.id for one in some if one.is_begun)}):
            yield id
