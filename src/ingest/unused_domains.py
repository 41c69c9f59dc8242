"""Domains under which nothing is counted any more. They are marked when they are found, and deleted a day
later.

Counting under a marked domain removes the mark. A transaction that looked the domain up before it was marked
has stored its event long before the domain is looked at again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from database import Database, table_of
from models import DayTotal, Domain, EngagedView, Event, HourTotal, MonthTotal

_KEPT = timedelta(hours=20)
"""How long a marked one is kept. This is much longer than any transaction takes, and less than a day, because
this runs daily.
"""
_AT_A_TIME = 500


async def drop_unused_domains(database: Database, now: datetime) -> int:
    """Marks domains that are not used, and deletes those that were marked long ago. Returns how many it
    deleted.
    """
    async with database.snapshot() as connection:
        unused = await _unused(connection)
    dropped = 0
    for start in range(0, len(unused), _AT_A_TIME):
        ids = col(Domain.id).in_(unused[start : start + _AT_A_TIME])
        async with database.writing() as session:
            gone = delete(Domain).where(ids, col(Domain.unused_since) <= now - _KEPT)
            dropped += len((await session.execute(gone.returning(col(Domain.id)))).all())
            is_new = col(Domain.unused_since).is_(None)
            await session.execute(update(Domain).where(ids, is_new).values(unused_since=now))
    return dropped


async def _unused(connection: AsyncConnection) -> list[int]:
    """Totals stay for ever. So the totals by month, which have the fewest rows, have almost every domain.

    Totals by the hour come last, because to find a domain there takes a look at all of them. Nothing else may
    have it: the day in UTC at the end of a month that loses its sites keeps them a month longer.
    """
    statement = select(table_of(Domain).c.id).except_(select(table_of(MonthTotal).c.domain_id))
    unused: set[int] = set((await connection.execute(statement)).scalars())
    for model in (DayTotal, EngagedView, Event, HourTotal):
        unused -= await _used(connection, model, unused)
    return sorted(unused)


async def _used(
    connection: AsyncConnection, model: type[DayTotal | HourTotal | EngagedView | Event], ids: Iterable[int]
) -> set[int]:
    given = sorted(ids)
    domain_id = table_of(model).c.domain_id
    used: set[int] = set()
    for start in range(0, len(given), _AT_A_TIME):
        among_these = domain_id.in_(given[start : start + _AT_A_TIME])
        used.update(await connection.scalars(select(domain_id).where(among_these).distinct()))
    return used
