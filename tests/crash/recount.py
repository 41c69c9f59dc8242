"""What is stored, and what its totals should be: counted one by one, by nothing of the program's own."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from datasketches import hll_sketch
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from database import table_of
from models import (
    SUBJECT_OF,
    Action,
    ActiveUser,
    DayTotal,
    EngagedView,
    Event,
    MonthTotal,
    VisitorSketch,
)


class Totals(NamedTuple):
    """Keys and values are those of the tables. Totals of nothing are left out."""

    days: dict[tuple[Any, ...], int]
    months: dict[tuple[Any, ...], int]
    active: dict[tuple[Any, ...], datetime]
    engaged: dict[tuple[Any, ...], tuple[Any, ...]]
    visitors: dict[tuple[Any, ...], int]
    """How many; of few, a sketch knows that."""


async def rows_of(session: AsyncSession, model: type[SQLModel]) -> Sequence[Any]:
    return (await session.execute(select(*table_of(model).c))).all()


async def stored_totals(session: AsyncSession) -> Totals:
    days, months, active, engaged, sketches = [
        await rows_of(session, model)
        for model in (DayTotal, MonthTotal, ActiveUser, EngagedView, VisitorSketch)
    ]
    return Totals(
        {tuple(key): count for *key, count in days if count},
        {tuple(key): count for *key, count in months if count},
        {tuple(key): at for *key, at in active},
        {(row.tenant_id, row.view_id): tuple(row)[2:] for row in engaged},
        {tuple(key): round(hll_sketch.deserialize(sketch).get_estimate()) for *key, _, sketch in sketches},
    )


def counted_totals(events: Sequence[Any]) -> Totals:
    """By days of UTC."""
    days: Counter[tuple[Any, ...]] = Counter()
    active: dict[tuple[Any, ...], datetime] = {}
    firsts: dict[tuple[Any, ...], Any] = {}
    visitors: dict[tuple[Any, ...], set[Any]] = {}
    for event in events:
        kind, day = SUBJECT_OF[Action(event.action)], event.occurred_at.date()
        days[event.tenant_id, event.subject_id, event.action, day, event.device, event.domain_id] += 1
        who = event.user_id or event.visitor
        if event.user_id:
            user = (event.tenant_id, kind, event.subject_id, event.user_id)
            active[user] = max(active.get(user, event.occurred_at), event.occurred_at)
        if who:
            for subject in ((kind, event.subject_id), (0, 0)):
                visitors.setdefault((event.tenant_id, *subject, day), set()).add(who)
        if event.action == Action.INTERACTION and event.view_id:
            view = (event.tenant_id, event.view_id)
            firsts[view] = min(firsts.get(view, event), event, key=lambda one: (one.occurred_at, one.id))
    for first in firsts.values():
        day = first.occurred_at.date()
        days[first.tenant_id, first.subject_id, Action.ENGAGED_VIEW, day, first.device, first.domain_id] += 1
    months: Counter[tuple[Any, ...]] = Counter()
    for (tenant_id, subject_id, action, day, device, domain_id), count in days.items():
        months[tenant_id, subject_id, action, day.replace(day=1), device, domain_id] += count
    return Totals(
        dict(days),
        dict(months),
        active,
        {
            view: (first.subject_id, first.id, first.occurred_at, first.device, first.domain_id)
            for view, first in firsts.items()
        },
        {key: len(them) for key, them in visitors.items()},
    )
