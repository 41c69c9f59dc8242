"""The figures of a publication's dashboard."""

from asyncio import gather
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from base.calendar import Span
from database import Lookup, among, counts_by, made_of
from figures.engagement import ACTIONS, ACTIVE_USERS
from figures.folds import ActiveUsers, Totals
from loaders.active_users import ActiveKey, ActiveUntilNow
from loaders.attendance import Attended, numbers_attended
from loaders.base import Loader, Loaders
from loaders.cached import CachedLoader, VersionedKey
from loaders.counts import CountsBySubject, CountsKey
from loaders.measures import Measure
from loaders.publications import EXPERIENCE_TOTALS
from loaders.subject_totals import SubjectOfTenant, TotalsOfSubject
from models import SubjectKind


class EngagementKey(NamedTuple):
    publication_id: int
    tenant_id: int
    time_zone: str
    span: Span | None
    """None for all time."""
    asked_zone: str = "UTC"
    """The time zone in whose calendar the previous range is found."""


class Engagement(NamedTuple):
    totals: Totals
    """What the figures are made of."""
    generated_at: datetime


class EngagementOfPublication(CachedLoader[EngagementKey, Engagement]):
    """What was taken back, such as a like or a comment, no longer counts on the day on which it was done."""

    reads_of_all_time = (TotalsOfSubject, ActiveUntilNow)

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._counts = loaders[CountsBySubject]
        self._totals = loaders[TotalsOfSubject]
        self._active = loaders[ActiveUntilNow]

    def publication_of(self, key: EngagementKey) -> tuple[int, int]:
        return key.tenant_id, key.publication_id

    async def compute(self, asked: Sequence[VersionedKey[EngagementKey]]) -> list[Engagement]:
        of_all_time = [one.key for one in asked if one.key.span is None]
        within = [one.key for one in asked if one.key.span is not None]
        totals: dict[EngagementKey, Any] = dict(
            zip(of_all_time, await self._of_all_time(of_all_time), strict=True)
        )
        if within:
            totals |= await self._within(within)
        return [Engagement(totals[key], version.since) for version, key in asked]

    def compute_at_once(self, keys: Sequence[EngagementKey], since: datetime) -> list[Engagement] | None:
        publications, tenants, _, spans, _ = zip(*keys, strict=True)
        if any(spans):
            return None
        known = self._totals.known(made_of(SubjectOfTenant, [tenants, publications]))
        found = [self._active.known(_active_keys(tenants, publications, users)) for users in ACTIVE_USERS]
        active = [numbers for numbers in found if numbers is not None]
        if known is None or len(active) < len(found):
            return None
        return made_of(Engagement, [_with_users(known, active), [since] * len(keys)])

    async def _of_all_time(self, keys: list[EngagementKey]) -> list[Totals]:
        subjects = [SubjectOfTenant(key.tenant_id, key.publication_id) for key in keys]
        totals = await self._totals.in_order(subjects)
        tenants, publications = [key.tenant_id for key in keys], [key.publication_id for key in keys]
        active = [
            await self._active.in_order(_active_keys(tenants, publications, users)) for users in ACTIVE_USERS
        ]
        return _with_users(totals, active)

    async def _within(self, keys: list[EngagementKey]) -> dict[EngagementKey, Counter[Any]]:
        totals: dict[EngagementKey, Counter[Any]] = {key: Counter() for key in keys}
        await gather(
            *(self._count(key, counts) for key, counts in totals.items()),
            *(self._count_active(users, totals) for users in ACTIVE_USERS),
        )
        return totals

    async def _count(self, key: EngagementKey, totals: Counter[Any]) -> None:
        assert key.span
        id = key.publication_id
        counts_key = CountsKey(key.tenant_id, key.time_zone, (id,), Measure(ACTIONS, (key.span,)))
        for cell, count in (await self._counts.load(counts_key)).get(id, {}).items():
            totals[cell.action] += count

    async def _count_active(self, users: ActiveUsers, totals: dict[EngagementKey, Counter[Any]]) -> None:
        grouped: defaultdict[datetime, list[EngagementKey]] = defaultdict(list)
        for key in totals:
            assert key.span
            grouped[key.span.end].append(key)
        for stop, group in grouped.items():
            for key, number in zip(group, await self._active_before(stop, users, group), strict=True):
                totals[key][users] = number

    async def _active_before(
        self, stop: datetime, users: ActiveUsers, keys: list[EngagementKey]
    ) -> list[int]:
        asked = [Attended(key.tenant_id, SubjectKind.PUBLICATION, (key.publication_id,)) for key in keys]
        span = Span(stop - timedelta(days=users.days), stop)
        today = self._now.astimezone(UTC).date()
        return await numbers_attended(self.database, asked, users.actions, span, today)


def _active_keys(tenants: Sequence[int], publications: Sequence[int], users: ActiveUsers) -> list[ActiveKey]:
    return made_of(ActiveKey, [tenants, publications, [users.days] * len(tenants)])


def _with_users(totals: Sequence[Totals], active: Sequence[Sequence[int]]) -> list[Totals]:
    """`active`: for each of ACTIVE_USERS, how many there are of each subject."""
    made = [{**counts} for counts in totals]
    for users, numbers in zip(ACTIVE_USERS, active, strict=True):
        for counts, number in zip(made, numbers, strict=True):
            counts[users] = number
    return list(made)


class ExperienceCountsOfPublication(Loader[int, Totals]):
    """How many experiences each publication has published, by type."""

    _statement = Lookup(
        select(EXPERIENCE_TOTALS.publication_id, counts_by(EXPERIENCE_TOTALS.type, EXPERIENCE_TOTALS.count))
        .where(among(EXPERIENCE_TOTALS.publication_id, "keys"))
        .group_by(EXPERIENCE_TOTALS.publication_id),
        lambda publication_id, counts: (publication_id, counts),
    )

    async def batch_load_fn(self, keys: Sequence[int]) -> list[Totals]:
        found = dict(await self.database.fetch(self._statement, keys=keys))
        return [found.get(key, {}) for key in keys]
