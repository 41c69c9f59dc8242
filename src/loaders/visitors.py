"""How many people came to a subject: all of them estimated, those signed in exactly."""

from asyncio import gather, sleep
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select

from base.calendar import start_of_day, time_zone
from base.sketches import VERSION, Estimate, estimate
from database import Database, Statement, among, table_of
from loaders.counts import EVENTS
from loaders.engagement import ACTIVE_USERS
from loaders.hour import Hour, HourLoader
from models import SUBJECT_OF, TAKES_BACK, Day, Instant, SubjectKind, VisitorSketch

SKETCHES = table_of(VisitorSketch).c


class VisitorsKey(NamedTuple):
    tenant_id: int
    time_zone: str
    """The tenant's reporting one, whose days these are."""
    subject_kind: SubjectKind
    subject_id: int
    first: date
    stop: date
    """Not included."""


class Visitors(NamedTuple):
    everyone: Estimate
    signed_in: int


class _Asked(NamedTuple):
    """What the subjects of one statement have in common."""

    time_zone: str
    subject_kind: SubjectKind
    first: date
    stop: date


_Subject = tuple[int, int]
"""Its tenant, and its id."""


class VisitorsOfSubject(HourLoader[VisitorsKey, Visitors]):
    """Day by day a sketch was kept; here they are merged."""

    _sketches = Statement(
        select(SKETCHES.tenant_id, SKETCHES.subject_id, SKETCHES.sketch).where(
            among(SKETCHES.tenant_id, "tenants"),
            SKETCHES.subject_kind == bindparam("kind", type_=BigInteger()),
            among(SKETCHES.subject_id, "subjects"),
            SKETCHES.day >= bindparam("first", type_=Day()),
            SKETCHES.day < bindparam("stop", type_=Day()),
            SKETCHES.version == VERSION,
        ),
        lambda tenant_id, subject_id, sketch: ((tenant_id, subject_id), sketch),
    )
    _signed_in_until_now = Statement(
        select(ACTIVE_USERS.tenant_id, ACTIVE_USERS.subject_id, func.count())
        .where(
            among(ACTIVE_USERS.tenant_id, "tenants"),
            ACTIVE_USERS.subject_kind == bindparam("kind", type_=BigInteger()),
            among(ACTIVE_USERS.subject_id, "subjects"),
            ACTIVE_USERS.last_active_at >= bindparam("start", type_=Instant()),
        )
        .group_by(ACTIVE_USERS.tenant_id, ACTIVE_USERS.subject_id),
        lambda tenant_id, subject_id, count: ((tenant_id, subject_id), count),
    )
    _signed_in_within = Statement(
        select(EVENTS.tenant_id, EVENTS.subject_id, func.count(EVENTS.user_id.distinct()))
        .where(
            among(EVENTS.tenant_id, "tenants"),
            among(EVENTS.subject_id, "subjects"),
            EVENTS.user_id.is_not(None),
            among(EVENTS.action, "actions"),
            EVENTS.occurred_at >= bindparam("start", type_=Instant()),
            EVENTS.occurred_at < bindparam("end", type_=Instant()),
        )
        .group_by(EVENTS.tenant_id, EVENTS.subject_id),
        lambda tenant_id, subject_id, count: ((tenant_id, subject_id), count),
    )

    def __init__(self, database: Database, hour: Hour, now: datetime) -> None:
        super().__init__(database, hour)
        self._now = now

    async def compute(self, keys: Sequence[VisitorsKey]) -> list[Visitors]:
        alike: defaultdict[_Asked, list[_Subject]] = defaultdict(list)
        for tenant_id, zone, kind, subject_id, first, stop in keys:
            alike[_Asked(zone, kind, first, stop)].append((tenant_id, subject_id))
        found: dict[VisitorsKey, Visitors] = {}
        for asked, subjects in alike.items():
            everyone, signed_in = await gather(
                self._everyone(asked, subjects), self._signed_in(asked, subjects)
            )
            for tenant_id, id in subjects:
                key = VisitorsKey(tenant_id, *asked[:2], id, *asked[2:])
                found[key] = Visitors(everyone[tenant_id, id], signed_in.get((tenant_id, id), 0))
        return [found[key] for key in keys]

    async def _everyone(self, asked: _Asked, subjects: list[_Subject]) -> dict[_Subject, Estimate]:
        sketches: defaultdict[_Subject, list[bytes]] = defaultdict(list)
        rows = await self.database.fetch(
            self._sketches, **_named(asked, subjects), first=asked.first, stop=asked.stop
        )
        for subject, sketch in rows:
            sketches[subject].append(sketch)
        merged = {}
        for subject in subjects:
            merged[subject] = estimate(sketches[subject])
            # A year of days takes some milliseconds: other requests get their turn in between.
            await sleep(0)
        return merged

    async def _signed_in(self, asked: _Asked, subjects: list[_Subject]) -> dict[_Subject, int]:
        zone = time_zone(asked.time_zone)
        start, end = start_of_day(asked.first, zone), start_of_day(asked.stop, zone)
        if end > self._now:
            statement, named = self._signed_in_until_now, _named(asked, subjects)
            return dict(await self.database.fetch(statement, **named, start=start))
        actions = [
            action
            for action, kind in SUBJECT_OF.items()
            if kind is asked.subject_kind and action not in TAKES_BACK
        ]
        return dict(
            await self.database.fetch(
                self._signed_in_within, **_named(asked, subjects), actions=actions, start=start, end=end
            )
        )


def _named(asked: _Asked, subjects: list[_Subject]) -> dict[str, Any]:
    return {
        "tenants": list({tenant_id for tenant_id, _ in subjects}),
        "subjects": [id for _, id in subjects],
        "kind": asked.subject_kind,
    }
