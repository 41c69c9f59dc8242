"""Goes on with deletions, one after the other."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, exists, select, update
from sqlmodel import col

from database import Database, Statement
from ingest.deletions.lease import DELETIONS, DeletionRow, Lease, LeaseLost
from ingest.deletions.objects import delete_object
from ingest.deletions.pace import Pace
from ingest.deletions.rows import Rows
from ingest.topics import Topics
from models import Deletion, FormerUrl, Tenant

Clock = Callable[[], datetime]
KEPT: Final = timedelta(hours=1)
"""How long it is known that something was deleted: longer than any process remembers what it read."""
_UNFINISHED: Final = Statement(
    select(exists().where(DELETIONS.finished_at.is_(None))), lambda are_there: bool(are_there)
)
_FINISHED: Final = Statement(
    select(exists().where(DELETIONS.finished_at.is_not(None))), lambda are_there: bool(are_there)
)


async def delete_buried(database: Database, topics: Topics, clock: Clock, pace: Pace | None = None) -> int:
    """Deletes what is buried, unless another process does it. Returns how many objects it finished."""
    finished = 0
    while (await database.fetch(_UNFINISHED))[0]:
        lease = await Lease.take(database, clock())
        if lease is None or not await _worked_on(database, topics, lease, pace or Pace()):
            break
        finished += 1
    await _forget(database, clock())
    return finished


async def delete_one(database: Database, topics: Topics, clock: Clock, deletion: DeletionRow) -> bool:
    """Deletes this one now. Returns False if another process works on one."""
    lease = await Lease.take(database, clock(), deletion.id)
    return lease is not None and await _worked_on(database, topics, lease, Pace())


async def _worked_on(database: Database, topics: Topics, lease: Lease, pace: Pace) -> bool:
    """False if another process took it over."""
    try:
        await delete_object(Rows(database, topics, lease, pace), lease.row)
        await lease.finish()
    except LeaseLost:
        return False
    except Exception:
        with suppress(LeaseLost):
            await lease.put_off()
        raise
    except BaseException:
        # Whoever is killed gives nothing back. Then the lease ends by itself.
        with suppress(LeaseLost):
            await lease.give_back()
        raise
    return True


async def _forget(database: Database, now: datetime) -> None:
    """Forgets deletions that were finished long ago."""
    if not (await database.fetch(_FINISHED))[0]:
        return
    async with database.writing(is_change=False) as session:
        gone = (
            delete(Deletion).where(DELETIONS.finished_at <= now - KEPT).returning(DELETIONS.owner_tenant_id)
        )
        tenants = sorted(set(await session.scalars(gone)))
        others = select(DELETIONS.id).where(DELETIONS.owner_tenant_id == Tenant.id)
        await session.execute(
            update(Tenant)
            .where(
                col(Tenant.id).in_(tenants),
                ~others.exists(),
                # A deletion that is committed meanwhile is not seen by the condition before.
                col(Tenant.subject_deleted_at) <= now - KEPT,
            )
            .values(subject_deleted_at=None)
        )


async def forget_free_urls(database: Database, now: datetime) -> None:
    """Forgets custom URLs that were given up so long ago that anybody may take them."""
    async with database.writing(is_change=False) as session:
        await session.execute(delete(FormerUrl).where(col(FormerUrl.free_from) <= now))
