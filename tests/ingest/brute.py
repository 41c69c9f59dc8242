"""Events drawn at random, and their totals counted the slow and obvious way."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from base.ids import uuid7
from base.sketches import EMPTY, added, content
from database import Database, table_of
from ingest.events import NewEvent
from models import (
    SUBJECT_OF,
    TAKES_BACK,
    Action,
    ActiveUser,
    DayTotal,
    Device,
    Domain,
    EngagedView,
    MonthTotal,
    SubjectTotal,
    VisitorSketch,
)

ACTIONS = (
    Action.VIEW, Action.LIKE, Action.UNLIKE, Action.VIEW_3D, Action.INTERACTION, Action.INTERACTION,
    Action.PROFILE_VIEW, Action.PLAY,
)  # fmt: skip
DOMAINS = (None, "example.com", "news.example.org")


def drawn(random: Random, tenant_id: int, until: datetime, *, count: int, days: int = 80) -> list[NewEvent]:
    """Over some subjects, views, people and days; in no order."""
    views = [uuid7(until - timedelta(days=random.random() * days)) for _ in range(count // 8 + 1)]
    return [
        _drawn(random, tenant_id, until - timedelta(days=random.random() * days), views) for _ in range(count)
    ]


def _drawn(random: Random, tenant_id: int, at: datetime, views: list[UUID]) -> NewEvent:
    action = random.choice(ACTIONS)
    return NewEvent(
        tenant_id,
        uuid7(at),
        random.randint(1, 3),
        action,
        at,
        random.choice(list(Device)),
        random.choice(DOMAINS),
        random.choice(views) if action is Action.INTERACTION and random.random() < 0.9 else None,
        random.choice((None, None, 1, 2, 3, 4)),
        random.choice((None, random.randbytes(16), b"the same visitor")),
    )


Cell = tuple[int, int, date, int, str]
"""Subject, action, day or month, device, domain."""


class Totals(NamedTuple):
    """Of one tenant. Domains stand by their names, "" for none; sketches by what is in them."""

    days: Counter[Cell]
    months: Counter[Cell]
    ever: Counter[tuple[int, int]]
    """By subject and action."""
    active: dict[tuple[int, int, int], datetime]
    views: dict[UUID, tuple[datetime, UUID, int, int, str]]
    sketches: dict[tuple[int, int, date], bytes]


def counted(events: Iterable[NewEvent], zone: str | ZoneInfo) -> Totals:
    """Each id once, whatever order the events are in."""
    totals = Totals(Counter(), Counter(), Counter(), {}, {}, {})
    clock = ZoneInfo(zone) if isinstance(zone, str) else zone
    seen: defaultdict[tuple[int, int, date], set[str]] = defaultdict(set)
    for event in {event.id: event for event in events}.values():
        _count(totals, event.action, event, clock)
        kind, subject_id, at = int(SUBJECT_OF[event.action]), event.subject_id, event.occurred_at
        if event.action in TAKES_BACK:
            continue
        if event.user_id is not None:
            user = (kind, subject_id, event.user_id)
            totals.active[user] = max(totals.active.get(user, at), at)
        who = f"user {event.user_id}" if event.user_id else event.visitor.hex() if event.visitor else None
        for place in (kind, subject_id), (0, 0):
            if who is not None:
                seen[*place, at.astimezone(clock).date()].add(who)
        if event.action is Action.INTERACTION and event.view_id:
            first = at, event.id, subject_id, int(event.device), event.domain or ""
            totals.views[event.view_id] = min(totals.views.get(event.view_id, first), first)
    for at, id, subject_id, device, domain in totals.views.values():
        engaged = NewEvent(0, id, subject_id, Action.ENGAGED_VIEW, at, Device(device), domain)
        _count(totals, Action.ENGAGED_VIEW, engaged, clock)
    totals.sketches.update((place, content(added(EMPTY, visitors))) for place, visitors in seen.items())
    return totals


def _count(totals: Totals, action: Action, event: NewEvent, clock: ZoneInfo) -> None:
    day = event.occurred_at.astimezone(clock).date()
    rest = int(event.device), event.domain or ""
    totals.days[event.subject_id, int(action), day, *rest] += 1
    totals.months[event.subject_id, int(action), day.replace(day=1), *rest] += 1
    totals.ever[event.subject_id, int(action)] += 1


async def stored(database: Database, tenant_id: int) -> Totals:
    """As the tables have it; totals of 0 are as good as none."""
    async with database.snapshot() as connection:

        async def rows(model: Any) -> list[list[Any]]:
            table = table_of(model)
            found = await connection.execute(select(table).where(table.c.tenant_id == tenant_id))
            return [list(row[1:]) for row in found]

        names = {0: ""}
        domains = table_of(Domain).c
        names.update((id, name) for id, name in await connection.execute(select(domains.id, domains.name)))
        totals = Totals(Counter(), Counter(), Counter(), {}, {}, {})
        for model, counts in (DayTotal, totals.days), (MonthTotal, totals.months):
            counts.update({(*key, names[domain]): n for *key, domain, n in await rows(model) if n})
        totals.ever.update({tuple(key): n for *key, n in await rows(SubjectTotal) if n})
        totals.active.update({tuple(key): at for *key, at in await rows(ActiveUser)})
        for view_id, subject_id, event_id, at, device, domain in await rows(EngagedView):
            totals.views[view_id] = at, event_id, subject_id, device, names[domain]
        for *key, _, sketch in await rows(VisitorSketch):
            totals.sketches[tuple(key)] = content(sketch)
    return totals
