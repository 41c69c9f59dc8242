"""How many people were active on a publication until now."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from database import Statement, ordered_join, table_of
from loaders.base import Loader, Loaders
from loaders.totals import ACTIVE, asked_subjects, is_of
from models import ActiveUser, Instant, SubjectKind

_ASKED = asked_subjects()
IS_ON_PUBLICATION = ACTIVE.subject_kind == literal_column(f"{int(SubjectKind.PUBLICATION)}")


class ActiveKey(NamedTuple):
    tenant_id: int
    publication_id: int
    days: int
    """Of 24 hours, which end now."""


class ActiveUntilNow(Loader[ActiveKey, int]):
    _statement = Statement(
        select(ACTIVE.subject_id, func.count())
        .select_from(ordered_join(_ASKED, table_of(ActiveUser), is_of(table_of(ActiveUser), _ASKED)))
        .where(IS_ON_PUBLICATION, ACTIVE.last_active_at >= bindparam("start", type_=Instant()))
        .group_by(ACTIVE.subject_id),
        lambda publication_id, count: (publication_id, count),
    )

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._now = loaders.now

    async def batch_load_fn(self, keys: Sequence[ActiveKey]) -> list[int]:
        grouped: defaultdict[int, list[ActiveKey]] = defaultdict(list)
        for key in keys:
            grouped[key.days].append(key)
        counts: dict[tuple[int, int], int] = {}
        for days, group in grouped.items():
            for publication_id, count in await self.database.fetch(
                self._statement,
                tenants=list({key.tenant_id for key in group}),
                subjects=[key[:2] for key in group],
                start=self._now - timedelta(days=days),
            ):
                counts[days, publication_id] = count
        return [counts.get((key.days, key.publication_id), 0) for key in keys]
