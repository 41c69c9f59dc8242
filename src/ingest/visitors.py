"""Who came, as nobody's name: keyed hashes, and the salts that make them of no use two days later."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from secrets import token_bytes

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from database import Database, Statement, insert_into, table_of
from models import Day, VisitorSalt

SALTS = table_of(VisitorSalt).c
_KEPT = timedelta(hours=48)
_BYTES = 16


def named_visitor(key: bytes, tenant_id: int, name: str) -> bytes:
    """The sender's own name for a person: the same for as long as the key is, and for this tenant alone."""
    return blake2b(f"{tenant_id}:{name}".encode(), digest_size=_BYTES, key=_short(key)).digest()


@lru_cache(maxsize=8)
def _short(key: bytes) -> bytes:
    """Keys of BLAKE2b have 64 bytes at most."""
    return blake2b(key, digest_size=32).digest()


def passing_visitor(salt: bytes, tenant_id: int, address: str, agent: str) -> bytes:
    """Somebody's browser: the same for a day, and for this tenant alone."""
    return blake2b(f"{tenant_id}\n{address}\n{agent}".encode(), digest_size=_BYTES, key=salt).digest()


class Salts:
    """One for each UTC day, shared by all workers through the database."""

    _statement = Statement(
        select(SALTS.salt).where(SALTS.day == bindparam("day", type_=Day())), lambda salt: salt
    )

    def __init__(self, database: Database) -> None:
        self._database = database
        self._today: tuple[date, bytes] | None = None

    async def of(self, now: datetime) -> bytes:
        day = now.astimezone(UTC).date()
        if self._today is None or self._today[0] != day:
            self._today = day, await self._fetched(day) or await self._made(day)
        return self._today[1]

    async def destroy_old(self, now: datetime) -> None:
        """Those whose day began 48 hours ago or earlier."""
        async with self._database.writing() as session:
            await _destroy(session, (now.astimezone(UTC) - _KEPT).date())

    async def _made(self, day: date) -> bytes:
        async with self._database.writing() as session:
            row = {"day": day, "salt": token_bytes(32)}
            await session.execute(insert_into(session, VisitorSalt).values(row).on_conflict_do_nothing())
            await _destroy(session, day - _KEPT)
        made = await self._fetched(day)
        assert made is not None
        return made

    async def _fetched(self, day: date) -> bytes | None:
        rows = await self._database.fetch(self._statement, day=day)
        return rows[0] if rows else None


async def _destroy(session: AsyncSession, last_day: date) -> None:
    """Overwritten first: what is only deleted can stay readable in the database's file."""
    are_old = col(VisitorSalt.day) <= last_day
    await session.execute(update(VisitorSalt).where(are_old).values(salt=bytes(32)))
    await session.execute(delete(VisitorSalt).where(are_old))
