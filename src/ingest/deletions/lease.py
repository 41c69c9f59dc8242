"""The lease of a deletion: of all processes, one works on it, and another one goes on when that is dead."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import and_, exists, func, or_, select, update

from base.errors import Unavailable
from database import Database, Statement, table_of
from models import NEVER, DeletedKind, Deletion

DELETIONS = table_of(Deletion).c
LASTS: Final = timedelta(seconds=30)
"""How long a lease lasts after the last sign of life: several times as long as a transaction."""
RESTS: Final = timedelta(minutes=5)
"""How long a deletion that failed waits until it is tried again. Meanwhile others have their turn."""
_RENEWED_AFTER: Final = 5.0
REMEMBERED: Final = timedelta(seconds=6)
"""How long a process may still take an account for one that is there: see `auth.viewer_cache`."""


class LeaseLost(Exception):
    """Another process works on it."""


class DeletionRow(NamedTuple):
    id: int
    kind: int
    public_id: UUID
    object_id: int
    owner_tenant_id: int
    requested_at: datetime
    rows_deleted: int
    finished_at: datetime | None
    seed: bytes | None


COLUMNS: Final = tuple(DELETIONS[name] for name in DeletionRow._fields)
_UNFINISHED: Final = DELETIONS.finished_at.is_(None)


class Lease:
    """Of one deletion. It counts the rows that are deleted."""

    def __init__(self, database: Database, row: DeletionRow, worker: UUID, now: datetime) -> None:
        self.row = row
        self.seed = row.seed or b""
        self._database = database
        self._worker = worker
        self._began = now - timedelta(seconds=monotonic())
        self._renewed = monotonic()
        self._rows = 0

    @classmethod
    async def take(cls, database: Database, now: datetime, id: int | None = None) -> "Lease | None":
        """The lease of the oldest deletion that does not wait, or of the one with this id, even if it waits;
        None if there is nothing to do, or another process does it. One at a time is worked on, whatever the
        number of processes.
        """
        worker = uuid4()
        others = table_of(Deletion).alias()
        is_busy = exists().where(
            others.c.worker.is_not(None), others.c.leased_until > now, others.c.finished_at.is_(None)
        )
        due = or_(DELETIONS.kind != int(DeletedKind.ACCOUNT), DELETIONS.requested_at <= now - REMEMBERED)
        first = select(func.min(DELETIONS.id)).where(_UNFINISHED, due, DELETIONS.leased_until <= now)
        wanted = DELETIONS.id == (first.scalar_subquery() if id is None else id)
        # Of two who take the same one, the second looks at the row again, and only at this one.
        is_free = or_(DELETIONS.leased_until <= now, DELETIONS.worker.is_(None))
        async with database.writing(is_change=False) as session:
            taken = await session.execute(
                update(Deletion)
                .where(and_(wanted, _UNFINISHED, is_free, ~is_busy))
                .values(worker=worker, leased_until=now + LASTS)
                .returning(*COLUMNS)
            )
            row = taken.first()
        return None if row is None else cls(database, DeletionRow(*row), worker, now)

    async def count(self, rows: int) -> None:
        """Notes deleted rows, and renews the lease now and then. Raises LeaseLost."""
        self._rows += rows
        if monotonic() - self._renewed > _RENEWED_AFTER:
            await self._change(leased_until=self._now() + LASTS)
            self._renewed = monotonic()

    async def finish(self) -> None:
        await self._change(finished_at=self._now(), seed=None, worker=None, leased_until=NEVER)

    async def give_back(self) -> None:
        """So another one can go on with it at once."""
        await self._change(worker=None, leased_until=NEVER)

    async def put_off(self) -> None:
        """So others are not held up by what fails each time."""
        await self._change(worker=None, leased_until=self._now() + RESTS)

    def _now(self) -> datetime:
        return self._began + timedelta(seconds=monotonic())

    async def _change(self, **values: Any) -> None:
        rows, self._rows = self._rows, 0
        async with self._database.writing(is_change=False) as session:
            changed = await session.execute(
                update(Deletion)
                .where(DELETIONS.id == self.row.id, DELETIONS.worker == self._worker)
                .values(rows_deleted=Deletion.rows_deleted + rows, **values)
                .returning(DELETIONS.id)
            )
            if changed.first() is None:
                raise LeaseLost


async def deletions_of(database: Database) -> list[DeletionRow]:
    """Those that are not finished, and those that were finished a short time ago, oldest first."""
    return await database.fetch(Statement(select(*COLUMNS).order_by(DELETIONS.id), DeletionRow))


def busy() -> Unavailable:
    return Unavailable("Another process is deleting. It goes on by itself.", retry_after=30)
