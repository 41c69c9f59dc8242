"""The figures of a publication's dashboard."""

from asyncio import gather
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import FromClause, bindparam, func, select
from sqlmodel import SQLModel

from base.calendar import Span
from database import Statement, among, ordered_join, table_of
from figures.engagement import ACTIONS, ACTIVE_USERS, ENGAGEMENT, TAKEN_BACK
from figures.figure import values
from figures.folds import ActiveUsers
from loaders.base import Loader, Loaders
from loaders.cached import CachedKey, CachedLoader, VersionedKey
from loaders.counts import CountsBySubject, CountsKey
from loaders.measures import Measure
from loaders.publications import EXPERIENCE_TOTALS
from loaders.totals import ACTIVE, EVENTS, SUBJECTS, asked_subjects, is_of
from models import Action, ActiveUser, Event, ExperienceType, Instant, SubjectKind, SubjectTotal


class EngagementKey(NamedTuple):
    publication_id: int
    tenant_id: int
    time_zone: str
    span: Span | None
    """None for all time."""
    asked_zone: str = "UTC"
    """The time zone in whose calendar the previous range is found."""


class Engagement(NamedTuple):
    """The values of figures, by their names."""

    figures: Mapping[str, Any]
    taken_back: Mapping[str, Any]
    generated_at: datetime


_Totals = Counter[Action | ActiveUsers]


def _of_asked(model: type[SQLModel]) -> FromClause:
    table, asked = table_of(model), asked_subjects()
    return ordered_join(asked, table, is_of(table, asked))


class EngagementOfPublication(CachedLoader[EngagementKey, Engagement]):
    """What was taken back, such as a like or a comment, no longer counts on the day on which it was done."""

    _all_time = Statement(
        select(SUBJECTS.subject_id, SUBJECTS.action, SUBJECTS.count)
        .select_from(_of_asked(SubjectTotal))
        .where(among(SUBJECTS.action, "actions")),
        lambda publication_id, action, count: (publication_id, Action(action), count),
    )
    _active_until_now = Statement(
        select(ACTIVE.subject_id, func.count())
        .select_from(_of_asked(ActiveUser))
        .where(
            ACTIVE.subject_kind == int(SubjectKind.PUBLICATION),
            ACTIVE.last_active_at >= bindparam("start", type_=Instant()),
        )
        .group_by(ACTIVE.subject_id),
        lambda publication_id, count: (publication_id, count),
    )
    _active_within = Statement(
        select(EVENTS.subject_id, func.count(EVENTS.user_id.distinct()))
        .select_from(_of_asked(Event))
        .where(
            among(EVENTS.action, "actions"),
            EVENTS.occurred_at >= bindparam("start", type_=Instant()),
            EVENTS.occurred_at < bindparam("stop", type_=Instant()),
        )
        .group_by(EVENTS.subject_id),
        lambda publication_id, count: (publication_id, count),
    )

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._now = loaders.now
        self._counts = loaders[CountsBySubject]

    def publication_of(self, key: EngagementKey) -> tuple[int, int]:
        return key.tenant_id, key.publication_id

    async def compute(self, asked: Sequence[VersionedKey[EngagementKey]]) -> list[Engagement]:
        keys = [one.key for one in asked]
        totals: dict[EngagementKey, _Totals] = {key: Counter() for key in keys}
        await gather(self._count(totals), *(self._count_active(users, totals) for users in ACTIVE_USERS))
        return [
            Engagement(values(ENGAGEMENT, totals[key]), values(TAKEN_BACK, totals[key]), version.since)
            for version, key in asked
        ]

    async def _count(self, totals: dict[EngagementKey, _Totals]) -> None:
        ever = [key for key in totals if key.span is None]
        await gather(
            self._add_all_time({key.publication_id: totals[key] for key in ever}, ever),
            *(self._add_within(key, key.span, counted) for key, counted in totals.items() if key.span),
        )

    async def _add_all_time(self, totals: dict[int, _Totals], keys: list[EngagementKey]) -> None:
        if not keys:
            return
        for publication_id, action, count in await self.database.fetch(
            self._all_time, **_subjects(keys), actions=list(ACTIONS)
        ):
            totals[publication_id][action] += count

    async def _add_within(self, key: EngagementKey, span: Span, totals: _Totals) -> None:
        id = key.publication_id
        counts_key = CountsKey(key.tenant_id, key.time_zone, (id,), Measure(ACTIONS, (span,)))
        for cell, count in (await self._counts.load(counts_key)).get(id, {}).items():
            totals[cell.action] += count

    async def _count_active(self, users: ActiveUsers, totals: dict[EngagementKey, _Totals]) -> None:
        grouped: defaultdict[datetime | None, list[EngagementKey]] = defaultdict(list)
        for key in totals:
            grouped[key.span.end if key.span else None].append(key)
        for stop, group in grouped.items():
            found = dict(await self._active_before(stop, users, group))
            for key in group:
                totals[key][users] = found.get(key.publication_id, 0)

    async def _active_before(
        self, stop: datetime | None, users: ActiveUsers, keys: list[EngagementKey]
    ) -> list[tuple[int, int]]:
        length = timedelta(days=users.days)
        if stop is None:
            start = self._now - length
            return await self.database.fetch(self._active_until_now, **_subjects(keys), start=start)
        return await self.database.fetch(
            self._active_within,
            **_subjects(keys),
            actions=list(users.actions),
            start=stop - length,
            stop=stop,
        )


def _subjects(keys: list[EngagementKey]) -> dict[str, list[Any]]:
    return {
        "tenants": list({key.tenant_id for key in keys}),
        "subjects": list({(key.tenant_id, key.publication_id) for key in keys}),
    }


class ExperienceCountsOfPublication(Loader[CachedKey[int], Counter[ExperienceType]]):
    """How many experiences each publication has published, by type. Only its makers publish, and then its
    revision rises."""

    _statement = Statement(
        select(EXPERIENCE_TOTALS.publication_id, EXPERIENCE_TOTALS.type, EXPERIENCE_TOTALS.count).where(
            among(EXPERIENCE_TOTALS.publication_id, "keys")
        ),
        lambda publication_id, type_, count: (publication_id, ExperienceType(type_), count),
    )

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._figure_cache = loaders.figure_cache

    async def batch_load_fn(self, keys: Sequence[CachedKey[int]]) -> list[Counter[ExperienceType]]:
        found = {
            key: counts for key in keys if (counts := self._figure_cache.find(self._slot(key))) is not None
        }
        if missing := [key for key in keys if key not in found]:
            counted = await self._counted([key.key for key in missing])
            for key in missing:
                found[key] = counted[key.key]
                self._figure_cache.keep(self._slot(key), counted[key.key])
        return [found[key] for key in keys]

    async def _counted(self, ids: Sequence[int]) -> dict[int, Counter[ExperienceType]]:
        counts: dict[int, Counter[ExperienceType]] = {id: Counter() for id in ids}
        for publication_id, type_, count in await self.database.fetch(self._statement, keys=ids):
            counts[publication_id][type_] = count
        return counts

    def _slot(self, key: CachedKey[int]) -> Hashable:
        return type(self), key
