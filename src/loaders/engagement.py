"""The figures of a publication's dashboard."""

from asyncio import gather
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from base.calendar import Span
from database import Statement, among, counts_by, ordered_join, table_of
from figures.engagement import ACTIONS, ACTIVE_USERS, ENGAGEMENT, TAKEN_BACK
from figures.figure import values
from figures.folds import ActiveUsers
from loaders.active_users import ActiveKey, ActiveUntilNow
from loaders.base import Loader, Loaders
from loaders.cached import CachedLoader, VersionedKey
from loaders.counts import CountsBySubject, CountsKey
from loaders.measures import Measure
from loaders.publications import EXPERIENCE_TOTALS
from loaders.subject_totals import SubjectOfTenant, TotalsOfSubject
from loaders.totals import EVENTS, asked_subjects, is_of
from models import Action, Event, ExperienceType, Instant


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


_ASKED = asked_subjects()


class EngagementOfPublication(CachedLoader[EngagementKey, Engagement]):
    """What was taken back, such as a like or a comment, no longer counts on the day on which it was done."""

    reads_of_all_time = (TotalsOfSubject, ActiveUntilNow)

    _active_within = Statement(
        select(EVENTS.subject_id, func.count(EVENTS.user_id.distinct()))
        .select_from(ordered_join(_ASKED, table_of(Event), is_of(table_of(Event), _ASKED)))
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
        self._counts = loaders[CountsBySubject]
        self._totals = loaders[TotalsOfSubject]
        self._active = loaders[ActiveUntilNow]

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
        subjects = [SubjectOfTenant(key.tenant_id, key.publication_id) for key in keys]
        for key, counts in zip(keys, await self._totals.load_many(subjects), strict=True):
            totals[key.publication_id].update({action: counts.get(action, 0) for action in ACTIONS})

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
        if stop is None:
            counts = await self._active.load_many(
                ActiveKey(key.tenant_id, key.publication_id, users.days) for key in keys
            )
            return [(key.publication_id, count) for key, count in zip(keys, counts, strict=True)]
        return await self.database.fetch(
            self._active_within,
            **_subjects(keys),
            actions=list(users.actions),
            start=stop - timedelta(days=users.days),
            stop=stop,
        )


def _subjects(keys: list[EngagementKey]) -> dict[str, list[Any]]:
    return {
        "tenants": list({key.tenant_id for key in keys}),
        "subjects": list({(key.tenant_id, key.publication_id) for key in keys}),
    }


class ExperienceCountsOfPublication(Loader[int, Counter[ExperienceType]]):
    """How many experiences each publication has published, by type."""

    _statement = Statement(
        select(EXPERIENCE_TOTALS.publication_id, counts_by(EXPERIENCE_TOTALS.type, EXPERIENCE_TOTALS.count))
        .where(among(EXPERIENCE_TOTALS.publication_id, "keys"))
        .group_by(EXPERIENCE_TOTALS.publication_id),
        lambda publication_id, counts: (publication_id, counts),
    )

    async def batch_load_fn(self, keys: Sequence[int]) -> list[Counter[ExperienceType]]:
        found = dict(await self.database.fetch(self._statement, keys=keys))
        return [by_type(found.get(key, {})) for key in keys]


def by_type(counts: Mapping[int, int]) -> Counter[ExperienceType]:
    """`counts`: by the numbers of the types."""
    return Counter({ExperienceType(number): count for number, count in counts.items()})
