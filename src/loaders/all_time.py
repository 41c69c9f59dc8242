"""How often an action has happened to a subject, of all time."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, case, cast, func, select

from database import Statement, among, ordered_join, table_of
from figures.insights import NO_COUNT, AllTimeCount
from figures.scores import MOST_SCORED
from loaders.base import Loader
from loaders.totals import MONTHS, asked_subjects, is_of
from models import Action, MonthTotal


class AllTimeKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: Action
    given: AllTimeCount = NO_COUNT
    """The number that the user gave, which is added to the events."""


_ASKED = asked_subjects()
_BY_MONTH = (
    select(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action, func.sum(MONTHS.count).label("count"))
    .select_from(ordered_join(_ASKED, table_of(MonthTotal), is_of(table_of(MonthTotal), _ASKED)))
    .where(among(MONTHS.action, "actions"))
    .group_by(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action, MONTHS.month)
    .subquery()
).c


class AllTimeCounts(Loader[AllTimeKey, AllTimeCount]):
    """How often an action has happened to a subject, of all time."""

    _statement = Statement(
        select(
            _BY_MONTH.tenant_id,
            _BY_MONTH.subject_id,
            _BY_MONTH.action,
            cast(func.sum(_BY_MONTH.count), BigInteger),
            cast(
                func.sum(case((_BY_MONTH.count > MOST_SCORED, MOST_SCORED), else_=_BY_MONTH.count)),
                BigInteger,
            ),
        ).group_by(_BY_MONTH.tenant_id, _BY_MONTH.subject_id, _BY_MONTH.action),
        lambda tenant_id, subject_id, action, *counts: (
            (tenant_id, subject_id, action),
            AllTimeCount(*counts),
        ),
    )

    async def batch_load_fn(self, keys: Sequence[AllTimeKey]) -> list[AllTimeCount]:
        counts = dict(
            await self.database.fetch(
                self._statement,
                tenants=list({key.tenant_id for key in keys}),
                subjects=list({(key.tenant_id, key.subject_id) for key in keys}),
                actions=list({key.action for key in keys}),
            )
        )
        return [counts.get(key[:3], NO_COUNT).plus(key.given) for key in keys]
