"""How often everything has happened to a subject, of all time."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from database import Statement, counts_by, ordered_join, table_of
from loaders.base import Loader
from loaders.totals import SUBJECTS, asked_subjects, is_of
from models import SubjectTotal


class SubjectOfTenant(NamedTuple):
    tenant_id: int
    subject_id: int


_ASKED = asked_subjects()


class TotalsOfSubject(Loader[SubjectOfTenant, dict[int, int]]):
    """Counts by the numbers of the actions that ever happened. The sum of all of them never falls."""

    _statement = Statement(
        select(SUBJECTS.tenant_id, SUBJECTS.subject_id, counts_by(SUBJECTS.action, SUBJECTS.count))
        .select_from(ordered_join(_ASKED, table_of(SubjectTotal), is_of(table_of(SubjectTotal), _ASKED)))
        .group_by(SUBJECTS.tenant_id, SUBJECTS.subject_id),
        lambda tenant_id, subject_id, counts: (SubjectOfTenant(tenant_id, subject_id), counts),
    )

    async def batch_load_fn(self, keys: Sequence[SubjectOfTenant]) -> list[dict[int, int]]:
        found = dict(
            await self.database.fetch(
                self._statement, tenants=list({key.tenant_id for key in keys}), subjects=list(keys)
            )
        )
        return [found.get(key, {}) for key in keys]
