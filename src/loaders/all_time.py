"""How often an action has happened to a subject, of all time."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, ScalarSelect, case, cast, func, select

from database import Statement, among, ordered_join, table_of
from figures.insights import NO_COUNT, AllTimeCount
from figures.scores import MOST_SCORED
from loaders.base import Loader
from loaders.totals import MONTHS, SUBJECTS, asked_subjects, is_of
from models import Action, SubjectTotal


class AllTimeKey(NamedTuple):
    tenant_id: int
    subject_id: int
    action: Action
    given: AllTimeCount = NO_COUNT
    """The number that the user gave, which is added to the events."""


_ASKED = asked_subjects()


def _scored() -> ScalarSelect[int]:
    """At most so many events of each month."""
    by_month = (
        select(func.sum(MONTHS.count).label("count"))
        .where(
            MONTHS.tenant_id == SUBJECTS.tenant_id,
            MONTHS.subject_id == SUBJECTS.subject_id,
            MONTHS.action == SUBJECTS.action,
        )
        .group_by(MONTHS.month)
        .correlate(table_of(SubjectTotal))
        .subquery()
    ).c
    counted = func.sum(case((by_month.count > MOST_SCORED, MOST_SCORED), else_=by_month.count))
    return select(cast(counted, BigInteger)).correlate(table_of(SubjectTotal)).scalar_subquery()


class AllTimeCounts(Loader[AllTimeKey, AllTimeCount]):
    """How often an action has happened to a subject, of all time. Months are only read of what happened more
    often than counts in a score.
    """

    _statement = Statement(
        select(
            SUBJECTS.tenant_id,
            SUBJECTS.subject_id,
            SUBJECTS.action,
            SUBJECTS.count,
            case((SUBJECTS.count <= MOST_SCORED, SUBJECTS.count), else_=_scored()),
        )
        .select_from(ordered_join(_ASKED, table_of(SubjectTotal), is_of(table_of(SubjectTotal), _ASKED)))
        .where(among(SUBJECTS.action, "actions")),
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
