"""The figures of a publication's dashboard."""

from asyncio import gather
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, FromClause, bindparam, cast, func, select
from sqlmodel import SQLModel

from base.calendar import Span
from database import Statement, among, ordered_join, table_of
from loaders.base import Loader, Loaders
from loaders.cached import Asked, CachedKey, CachedLoader
from loaders.counts import Counts, CountsKey
from loaders.measures import Measure
from loaders.publications import EXPERIENCES
from loaders.totals import ACTIVE_USERS, EVENTS, MONTHS, asked_subjects, is_of
from models import TAKES_BACK, Action, ActiveUser, Event, ExperienceType, Instant, MonthTotal, SubjectKind

ACTIVE_DAYS = timedelta(days=30)
ACTIVITIES = (Action.VIEW, Action.LIKE, Action.BOOKMARK, Action.SHARE, Action.COMMENT, Action.BOOK)
COUNTED = (*ACTIVITIES, *TAKES_BACK)


class EngagementKey(NamedTuple):
    publication_id: int
    tenant_id: int
    time_zone: str
    span: Span | None
    """None for all time."""
    asked_zone: str = "UTC"
    """By whose calendar the range before it is found."""


class TakenBack(NamedTuple):
    likes: int
    bookmarks: int
    comments: int
    appointments: int


class Engagement(NamedTuple):
    """What was done and stands, but for `taken_back`."""

    views: int
    likes: int
    bookmarks: int
    shares: int
    comments: int
    appointments: int
    taken_back: TakenBack
    monthly_active_users: int
    generated_at: datetime


def _of_asked(model: type[SQLModel]) -> FromClause:
    table, asked = table_of(model), asked_subjects()
    return ordered_join(asked, table, is_of(table, asked))


class EngagementOfPublication(CachedLoader[EngagementKey, Engagement]):
    """What was taken back (a like, a comment, an appointment) leaves the day on which it was made."""

    _all_time = Statement(
        select(MONTHS.subject_id, MONTHS.action, cast(func.sum(MONTHS.count), BigInteger))
        .select_from(_of_asked(MonthTotal))
        .where(among(MONTHS.action, "actions"))
        .group_by(MONTHS.subject_id, MONTHS.action),
        lambda publication_id, action, count: (publication_id, Action(action), count),
    )
    _active_until_now = Statement(
        select(ACTIVE_USERS.subject_id, func.count())
        .select_from(_of_asked(ActiveUser))
        .where(
            ACTIVE_USERS.subject_kind == int(SubjectKind.PUBLICATION),
            ACTIVE_USERS.last_active_at >= bindparam("start", type_=Instant()),
        )
        .group_by(ACTIVE_USERS.subject_id),
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
        self._counts = loaders[Counts]

    def publication_of(self, key: EngagementKey) -> tuple[int, int]:
        return key.tenant_id, key.publication_id

    async def compute(self, asked: Sequence[Asked[EngagementKey]]) -> list[Engagement]:
        keys = [one.key for one in asked]
        totals, active = await gather(self._totals(keys), self._active(keys))
        return [self._engagement(totals[key], active.get(key, 0), version.since) for version, key in asked]

    def _engagement(self, totals: Counter[Action], active: int, generated_at: datetime) -> Engagement:
        standing = Counter(totals)
        for taken_back, action in TAKES_BACK.items():
            standing[action] -= totals[taken_back]
        return Engagement(
            views=standing[Action.VIEW],
            likes=standing[Action.LIKE],
            bookmarks=standing[Action.BOOKMARK],
            shares=standing[Action.SHARE],
            comments=standing[Action.COMMENT],
            appointments=standing[Action.BOOK],
            taken_back=TakenBack(
                likes=totals[Action.UNLIKE],
                bookmarks=totals[Action.UNBOOKMARK],
                comments=totals[Action.UNCOMMENT],
                appointments=totals[Action.CANCEL],
            ),
            monthly_active_users=active,
            generated_at=generated_at,
        )

    async def _totals(self, keys: Sequence[EngagementKey]) -> dict[EngagementKey, Counter[Action]]:
        totals: dict[EngagementKey, Counter[Action]] = {key: Counter() for key in keys}
        ever = [key for key in keys if key.span is None]
        await gather(
            self._add_all_time({key.publication_id: totals[key] for key in ever}, ever),
            *(self._add_within(key, totals[key]) for key in keys if key.span is not None),
        )
        return totals

    async def _add_all_time(self, totals: dict[int, Counter[Action]], keys: list[EngagementKey]) -> None:
        if not keys:
            return
        for publication_id, action, count in await self.database.fetch(
            self._all_time, **_subjects(keys), actions=list(COUNTED)
        ):
            totals[publication_id][action] += count

    async def _add_within(self, key: EngagementKey, totals: Counter[Action]) -> None:
        assert key.span is not None
        measure = Measure(COUNTED, (key.span,))
        cells = await self._counts.load(CountsKey(key.tenant_id, key.time_zone, key.publication_id, measure))
        for cell, count in cells.items():
            totals[cell.action] += count

    async def _active(self, keys: Sequence[EngagementKey]) -> dict[EngagementKey, int]:
        alike: defaultdict[datetime | None, list[EngagementKey]] = defaultdict(list)
        for key in keys:
            alike[key.span.end if key.span else None].append(key)
        active: dict[EngagementKey, int] = {}
        for stop, group in alike.items():
            found = dict(await self._active_before(stop, group))
            active |= {key: found.get(key.publication_id, 0) for key in group}
        return active

    async def _active_before(self, stop: datetime | None, keys: list[EngagementKey]) -> list[tuple[int, int]]:
        if stop is None:
            start = self._now - ACTIVE_DAYS
            return await self.database.fetch(self._active_until_now, **_subjects(keys), start=start)
        return await self.database.fetch(
            self._active_within,
            **_subjects(keys),
            actions=list(ACTIVITIES),
            start=stop - ACTIVE_DAYS,
            stop=stop,
        )


def _subjects(keys: list[EngagementKey]) -> dict[str, list[Any]]:
    return {
        "tenants": list({key.tenant_id for key in keys}),
        "subjects": list({(key.tenant_id, key.publication_id) for key in keys}),
    }


class ExperienceCountsOfPublication(Loader[CachedKey[int], Counter[ExperienceType]]):
    """Published experiences of each publication, by type. Only its makers publish, and raise its revision."""

    _statement = Statement(
        select(EXPERIENCES.publication_id, EXPERIENCES.type, func.count())
        .where(among(EXPERIENCES.publication_id, "keys"))
        .group_by(EXPERIENCES.publication_id, EXPERIENCES.type),
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
