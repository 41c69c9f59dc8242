"""How often something has ever happened to a subject."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, case, cast, func, select

from database import Statement, among, ordered_join, table_of
from loaders.base import Loader
from loaders.totals import MONTHS, asked_subjects, is_of
from models import Action, MonthTotal


class EverKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: Action


_ASKED = asked_subjects()


class Ever(NamedTuple):
    all: int
    scored: int
    """Of each month, so many at most count in a score: anybody may report, and as often as they like."""


MOST_SCORED = 3_000
"""Of one thing that happens to one subject, in a month of the reporting time zone."""

_NEVER = Ever(0, 0)
_BY_MONTH = (
    select(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action, func.sum(MONTHS.count).label("count"))
    .select_from(ordered_join(_ASKED, table_of(MonthTotal), is_of(table_of(MonthTotal), _ASKED)))
    .where(among(MONTHS.action, "actions"))
    .group_by(MONTHS.tenant_id, MONTHS.subject_id, MONTHS.action, MONTHS.month)
    .subquery()
).c


class EverCounts(Loader[EverKey, Ever]):
    """How often something has ever happened to a subject."""

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
            EverKey(tenant_id, subject_id, Action(action)),
            Ever(*counts),
        ),
    )

    async def batch_load_fn(self, keys: Sequence[EverKey]) -> list[Ever]:
        counts = dict(
            await self.database.fetch(
                self._statement,
                tenants=list({key.tenant_id for key in keys}),
                subjects=list({(key.tenant_id, key.subject_id) for key in keys}),
                actions=list({key.action for key in keys}),
            )
        )
        return [counts.get(key, _NEVER) for key in keys]
