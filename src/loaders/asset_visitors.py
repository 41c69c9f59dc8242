"""How many people came to assets, to whichever of them: estimated, and those signed in exactly."""

from asyncio import gather, sleep
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, TableValuedAlias, and_, bindparam, func, select

from base.calendar import start_of_day, time_zone
from base.sketches import ALL_SUBJECTS, VERSION, Estimate, Union
from database import Database, Statement, among, ordered_join, rows_of, table_of
from loaders.base import Loader
from loaders.counts import EVENTS, is_of
from loaders.engagement import ACTIVE_USERS
from loaders.visitors import SKETCHES, Visitors
from models import SUBJECT_OF, TAKES_BACK, ActiveUser, Day, Event, Instant, SubjectKind, VisitorSketch

_ACTIONS = [
    action for action, kind in SUBJECT_OF.items() if kind is SubjectKind.ASSET and action not in TAKES_BACK
]


class AssetVisitorsKey(NamedTuple):
    tenant_id: int
    time_zone: str
    """The tenant's reporting one, whose days these are."""
    assets: tuple[int, ...]
    has_all: bool
    """Of the tenant: then it has one sketch for all of them and each day."""
    first: date
    stop: date
    """Not included."""

    @property
    def sketched(self) -> list["_Subject"]:
        if self.has_all:
            return [(self.tenant_id, *ALL_SUBJECTS)]
        return [(self.tenant_id, int(SubjectKind.ASSET), id) for id in self.assets]


_Subject = tuple[int, int, int]
"""Its tenant, its kind, and its id."""


class _Days(NamedTuple):
    """What the keys of one statement have in common."""

    time_zone: str
    first: date
    stop: date


def _given(name: str, *columns: str) -> TableValuedAlias:
    return rows_of(name, **dict.fromkeys(columns, BigInteger())).table_valued(*columns, name="asked")


_SUBJECTS = _given("subjects", "tenant_id", "subject_kind", "subject_id")
_ASSETS = _given("assets", "scope", "tenant_id", "subject_id")


class VisitorsOfAssets(Loader[AssetVisitorsKey, Visitors]):
    """Day by day and asset by asset a sketch was kept; here they are merged.

    Two statements for all keys of the same days.
    """

    _sketches = Statement(
        select(SKETCHES.tenant_id, SKETCHES.subject_kind, SKETCHES.subject_id, SKETCHES.sketch)
        .select_from(
            ordered_join(
                _SUBJECTS,
                table_of(VisitorSketch),
                and_(
                    is_of(table_of(VisitorSketch), _SUBJECTS),
                    SKETCHES.subject_kind == _SUBJECTS.c.subject_kind,
                ),
            )
        )
        .where(
            SKETCHES.day >= bindparam("first", type_=Day()),
            SKETCHES.day < bindparam("stop", type_=Day()),
            SKETCHES.version == VERSION,
        ),
        lambda tenant_id, kind, id, sketch: ((tenant_id, kind, id), sketch),
    )
    _signed_in_until_now = Statement(
        select(_ASSETS.c.scope, func.count(ACTIVE_USERS.user_id.distinct()))
        .select_from(ordered_join(_ASSETS, table_of(ActiveUser), is_of(table_of(ActiveUser), _ASSETS)))
        .where(
            ACTIVE_USERS.subject_kind == int(SubjectKind.ASSET),
            ACTIVE_USERS.last_active_at >= bindparam("start", type_=Instant()),
        )
        .group_by(_ASSETS.c.scope),
        lambda scope, count: (scope, count),
    )
    _signed_in_within = Statement(
        select(_ASSETS.c.scope, func.count(EVENTS.user_id.distinct()))
        .select_from(ordered_join(_ASSETS, table_of(Event), is_of(table_of(Event), _ASSETS)))
        .where(
            EVENTS.user_id.is_not(None),
            among(EVENTS.action, "actions"),
            EVENTS.occurred_at >= bindparam("start", type_=Instant()),
            EVENTS.occurred_at < bindparam("end", type_=Instant()),
        )
        .group_by(_ASSETS.c.scope),
        lambda scope, count: (scope, count),
    )

    def __init__(self, database: Database, now: datetime) -> None:
        super().__init__(database)
        self._now = now

    async def batch_load_fn(self, keys: Sequence[AssetVisitorsKey]) -> list[Visitors]:
        alike: defaultdict[_Days, list[AssetVisitorsKey]] = defaultdict(list)
        for key in keys:
            alike[_Days(key.time_zone, key.first, key.stop)].append(key)
        found: dict[AssetVisitorsKey, Visitors] = {}
        for days, scopes in alike.items():
            everyone, signed_in = await gather(self._everyone(days, scopes), self._signed_in(days, scopes))
            for place, key in enumerate(scopes):
                found[key] = Visitors(everyone[place], signed_in.get(place, 0))
        return [found[key] for key in keys]

    async def _everyone(self, days: _Days, scopes: list[AssetVisitorsKey]) -> list[Estimate]:
        sketches: defaultdict[_Subject, list[bytes]] = defaultdict(list)
        subjects = {subject for scope in scopes for subject in scope.sketched}
        rows = await self.database.fetch(
            self._sketches,
            tenants=list({tenant_id for tenant_id, _, _ in subjects}),
            subjects=list(subjects),
            first=days.first,
            stop=days.stop,
        )
        for subject, sketch in rows:
            sketches[subject].append(sketch)
        estimates = []
        for scope in scopes:
            union = Union()
            for subject in scope.sketched:
                union.add(sketches[subject])
                # A year of days takes some milliseconds: other requests get their turn in between.
                await sleep(0)
            estimates.append(union.estimate())
        return estimates

    async def _signed_in(self, days: _Days, scopes: list[AssetVisitorsKey]) -> dict[int, int]:
        """By the scope's place."""
        zone = time_zone(days.time_zone)
        start, end = start_of_day(days.first, zone), start_of_day(days.stop, zone)
        tenants = list({scope.tenant_id for scope in scopes})
        assets = [(place, scope.tenant_id, id) for place, scope in enumerate(scopes) for id in scope.assets]
        if end > self._now:
            fetched = await self.database.fetch(
                self._signed_in_until_now, tenants=tenants, assets=assets, start=start
            )
        else:
            fetched = await self.database.fetch(
                self._signed_in_within,
                tenants=tenants,
                assets=assets,
                actions=_ACTIONS,
                start=start,
                end=end,
            )
        return dict(fetched)
